ALTER TABLE services DROP COLUMN recovery_tier_id;
ALTER TABLE business_processes DROP COLUMN recovery_tier_id;
DROP TABLE recovery_tiers;
-- Own objectives are again what an object sets itself.
UPDATE objects SET recovery_tier_id = NULL,
    own_rto_seconds = coalesce((SELECT s.rto_seconds FROM services s WHERE s.organization_id = objects.organization_id AND s.id = objects.id), (SELECT p.rto_seconds FROM business_processes p WHERE p.organization_id = objects.organization_id AND p.id = objects.id)),
    own_rpo_seconds = coalesce((SELECT s.rpo_seconds FROM services s WHERE s.organization_id = objects.organization_id AND s.id = objects.id), (SELECT p.rpo_seconds FROM business_processes p WHERE p.organization_id = objects.organization_id AND p.id = objects.id))
    WHERE recovery_tier_id IS NOT NULL;
DELETE FROM objects WHERE kind = 'recovery_tier';
