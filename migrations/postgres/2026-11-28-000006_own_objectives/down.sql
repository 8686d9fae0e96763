DROP INDEX objects_recovery_tier;
ALTER TABLE objects DROP COLUMN recovery_tier_id;
ALTER TABLE objects DROP COLUMN own_mtpd_seconds;
ALTER TABLE objects DROP COLUMN own_rpo_seconds;
ALTER TABLE objects DROP COLUMN own_rto_seconds;
