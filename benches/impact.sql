-- What goes down with an object, as a plain recursive query: no redundancy, no names, no causes. The organisation is
-- taken along, and "or hit.id is null", which is never true, added, because SQLite would read the whole table for each
-- question otherwise, to make a Bloom filter of it.
WITH RECURSIVE hit (organization_id, id) AS (
    SELECT organization_id, id FROM objects WHERE organization_id = :organization AND id = :id
    UNION
    SELECT mappings.organization_id, mappings.dependent_id FROM hit CROSS JOIN mappings
    WHERE mappings.organization_id = hit.organization_id AND mappings.provider_id = hit.id
        AND (mappings.effect = 'cascade' OR hit.id IS NULL)
)
SELECT count(*) - 1 FROM hit;
