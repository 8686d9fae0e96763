-- From these effective objectives follow: what an object sets itself, and the tier whose objectives count where it sets
-- none. They stand beside what follows from them, so that no statement has to know which kinds set objectives. SQLite adds no
-- foreign key of two columns to a table, so the table is made anew; foreign keys are looked at once all changes are made.
CREATE TABLE objects_anew (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    external_refs TEXT NOT NULL,
    tags TEXT NOT NULL,
    attributes TEXT NOT NULL,
    search TEXT NOT NULL,
    effective_rto_seconds INTEGER,
    effective_rpo_seconds INTEGER,
    effective_mtpd_seconds INTEGER,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_by TEXT NOT NULL,
    own_rto_seconds INTEGER,
    own_rpo_seconds INTEGER,
    own_mtpd_seconds INTEGER,
    recovery_tier_id BLOB,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, recovery_tier_id) REFERENCES objects (organization_id, id)
) STRICT, WITHOUT ROWID;
INSERT INTO objects_anew (organization_id, id, kind, key, name, description, external_refs, tags, attributes, search, effective_rto_seconds, effective_rpo_seconds, effective_mtpd_seconds, version, created_at, updated_at, created_by, updated_by, own_rto_seconds, own_rpo_seconds, own_mtpd_seconds)
    SELECT o.organization_id, o.id, o.kind, o.key, o.name, o.description, o.external_refs, o.tags, o.attributes, o.search, o.effective_rto_seconds, o.effective_rpo_seconds, o.effective_mtpd_seconds, o.version, o.created_at, o.updated_at, o.created_by, o.updated_by, coalesce(s.rto_seconds, p.rto_seconds), coalesce(s.rpo_seconds, p.rpo_seconds), p.mtpd_seconds
    FROM objects o
    LEFT JOIN services s ON s.organization_id = o.organization_id AND s.id = o.id
    LEFT JOIN business_processes p ON p.organization_id = o.organization_id AND p.id = o.id;
DROP TABLE objects;
ALTER TABLE objects_anew RENAME TO objects;
CREATE UNIQUE INDEX objects_key ON objects (organization_id, kind, key);
CREATE INDEX objects_name ON objects (organization_id, kind, name, id);
CREATE INDEX objects_updated ON objects (organization_id, kind, updated_at, id);
CREATE INDEX objects_effective_rto ON objects (organization_id, kind, (coalesce(effective_rto_seconds, 9223372036854775807)), id);
CREATE INDEX objects_recovery_tier ON objects (organization_id, recovery_tier_id) WHERE recovery_tier_id IS NOT NULL;

-- What was told of the table went with it.
DELETE FROM sqlite_stat1 WHERE tbl = 'objects';
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('objects', 'objects', '500000 500000 1'),
    ('objects', 'objects_key', '500000 500000 70000 1'),
    ('objects', 'objects_name', '500000 500000 70000 2 1'),
    ('objects', 'objects_updated', '500000 500000 70000 100 1'),
    ('objects', 'objects_effective_rto', '500000 500000 70000 5000 1'),
    ('objects', 'objects_recovery_tier', '20000 20000 1000');
