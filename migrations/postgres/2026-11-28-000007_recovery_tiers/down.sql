ALTER TABLE services DROP COLUMN recovery_tier_id;
ALTER TABLE business_processes DROP COLUMN recovery_tier_id;
DROP TABLE recovery_tiers;
