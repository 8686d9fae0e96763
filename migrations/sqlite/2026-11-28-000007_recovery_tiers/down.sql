DELETE FROM sqlite_stat1 WHERE tbl = 'recovery_tiers' OR idx IN ('business_processes_recovery_tier', 'services_recovery_tier');

CREATE TABLE business_processes_anew (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    owner_id BLOB,
    vital INTEGER NOT NULL,
    parent_id BLOB,
    rto_seconds INTEGER,
    rpo_seconds INTEGER,
    mtpd_seconds INTEGER,
    wrt_seconds INTEGER,
    minimum_service_level TEXT,
    criticality TEXT NOT NULL,
    status TEXT NOT NULL,
    review_due TEXT,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, owner_id) REFERENCES contacts (organization_id, id),
    FOREIGN KEY (organization_id, parent_id) REFERENCES business_processes (organization_id, id) DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;
INSERT INTO business_processes_anew (organization_id, id, owner_id, vital, parent_id, rto_seconds, rpo_seconds, mtpd_seconds, wrt_seconds, minimum_service_level, criticality, status, review_due) SELECT organization_id, id, owner_id, vital, parent_id, rto_seconds, rpo_seconds, mtpd_seconds, wrt_seconds, minimum_service_level, criticality, status, review_due FROM business_processes;
DROP TABLE business_processes;
ALTER TABLE business_processes_anew RENAME TO business_processes;
CREATE INDEX business_processes_owner ON business_processes (organization_id, owner_id) WHERE owner_id IS NOT NULL;
CREATE INDEX business_processes_parent ON business_processes (organization_id, parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE services_anew (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    kind TEXT NOT NULL,
    criticality TEXT NOT NULL,
    lifecycle TEXT NOT NULL,
    owner_id BLOB,
    rto_seconds INTEGER,
    rpo_seconds INTEGER,
    restart_seconds INTEGER,
    recovery_time_seconds INTEGER,
    data_loss_seconds INTEGER,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, owner_id) REFERENCES contacts (organization_id, id)
) STRICT, WITHOUT ROWID;
INSERT INTO services_anew (organization_id, id, kind, criticality, lifecycle, owner_id, rto_seconds, rpo_seconds, restart_seconds, recovery_time_seconds, data_loss_seconds) SELECT organization_id, id, kind, criticality, lifecycle, owner_id, rto_seconds, rpo_seconds, restart_seconds, recovery_time_seconds, data_loss_seconds FROM services;
DROP TABLE services;
ALTER TABLE services_anew RENAME TO services;
CREATE INDEX services_owner ON services (organization_id, owner_id) WHERE owner_id IS NOT NULL;

DROP TABLE recovery_tiers;
-- Own objectives are again what an object sets itself.
UPDATE objects SET recovery_tier_id = NULL,
    own_rto_seconds = coalesce((SELECT s.rto_seconds FROM services s WHERE s.organization_id = objects.organization_id AND s.id = objects.id), (SELECT p.rto_seconds FROM business_processes p WHERE p.organization_id = objects.organization_id AND p.id = objects.id)),
    own_rpo_seconds = coalesce((SELECT s.rpo_seconds FROM services s WHERE s.organization_id = objects.organization_id AND s.id = objects.id), (SELECT p.rpo_seconds FROM business_processes p WHERE p.organization_id = objects.organization_id AND p.id = objects.id))
    WHERE recovery_tier_id IS NOT NULL;
DELETE FROM objects WHERE kind = 'recovery_tier';
-- Foreign keys do not count while the schema changes, so nothing goes by itself.
DELETE FROM external_refs WHERE NOT EXISTS (SELECT 1 FROM objects o WHERE o.organization_id = external_refs.organization_id AND o.id = external_refs.object_id);
DELETE FROM tags WHERE NOT EXISTS (SELECT 1 FROM objects o WHERE o.organization_id = tags.organization_id AND o.id = tags.object_id);
DELETE FROM links WHERE NOT EXISTS (SELECT 1 FROM objects o WHERE o.organization_id = links.organization_id AND o.id = links.owner_id) OR NOT EXISTS (SELECT 1 FROM objects o WHERE o.organization_id = links.organization_id AND o.id = links.target_id);
DELETE FROM sqlite_stat1 WHERE tbl IN ('business_processes', 'services');
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('business_processes', 'business_processes', '5000 5000 1'),
    ('business_processes', 'business_processes_owner', '5000 5000 10'),
    ('business_processes', 'business_processes_parent', '5000 5000 5'),
    ('services', 'services', '20000 20000 1'),
    ('services', 'services_owner', '20000 20000 20');
