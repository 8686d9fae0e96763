-- What goes down with an object, as a plain recursive query: no redundancy, no names, no causes.
WITH RECURSIVE hit (id) AS (
    SELECT id FROM objects WHERE organization_id = :organization AND id = :id
    UNION
    SELECT mappings.dependent_id FROM hit CROSS JOIN mappings
    WHERE mappings.organization_id = :organization AND mappings.provider_id = hit.id AND mappings.effect = 'cascade'
)
SELECT count(*) - 1 FROM hit;
