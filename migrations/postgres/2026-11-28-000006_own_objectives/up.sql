-- From these effective objectives follow: what an object sets itself, and the tier whose objectives count where it sets
-- none. They stand beside what follows from them, so that no statement has to know which kinds set objectives.
ALTER TABLE objects ADD COLUMN own_rto_seconds bigint;
ALTER TABLE objects ADD COLUMN own_rpo_seconds bigint;
ALTER TABLE objects ADD COLUMN own_mtpd_seconds bigint;
ALTER TABLE objects ADD COLUMN recovery_tier_id uuid;
ALTER TABLE objects ADD FOREIGN KEY (organization_id, recovery_tier_id) REFERENCES objects (organization_id, id);
CREATE INDEX objects_recovery_tier ON objects (organization_id, recovery_tier_id) WHERE recovery_tier_id IS NOT NULL;
UPDATE objects SET own_rto_seconds = s.rto_seconds, own_rpo_seconds = s.rpo_seconds
    FROM services s WHERE s.organization_id = objects.organization_id AND s.id = objects.id;
UPDATE objects SET own_rto_seconds = p.rto_seconds, own_rpo_seconds = p.rpo_seconds, own_mtpd_seconds = p.mtpd_seconds
    FROM business_processes p WHERE p.organization_id = objects.organization_id AND p.id = objects.id;
