-- What goes down with an object and by which shortest way, as far as one recursive query can tell: a query may not count or
-- compare while it recurs, so there is no redundancy, and each number of steps in which an object is reached is followed up.
-- Fifty steps, as many as the service tells of a cause. No names and no objectives either. See impact.sql for its shape.
WITH RECURSIVE hit (organization_id, id, provider_id, steps) AS (
    SELECT organization_id, id, id, 0 FROM objects WHERE organization_id = :organization AND id = :id
    UNION
    SELECT mappings.organization_id, mappings.dependent_id, mappings.provider_id, hit.steps + 1
    FROM hit CROSS JOIN mappings
    WHERE mappings.organization_id = hit.organization_id AND mappings.provider_id = hit.id AND hit.steps < 50
        AND (mappings.effect = 'cascade' OR hit.id IS NULL)
)
SELECT count(DISTINCT id) - 1 FROM hit;
