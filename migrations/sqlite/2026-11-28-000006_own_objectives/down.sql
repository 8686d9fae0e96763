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
    PRIMARY KEY (organization_id, id)
) STRICT, WITHOUT ROWID;
INSERT INTO objects_anew (organization_id, id, kind, key, name, description, external_refs, tags, attributes, search, effective_rto_seconds, effective_rpo_seconds, effective_mtpd_seconds, version, created_at, updated_at, created_by, updated_by) SELECT organization_id, id, kind, key, name, description, external_refs, tags, attributes, search, effective_rto_seconds, effective_rpo_seconds, effective_mtpd_seconds, version, created_at, updated_at, created_by, updated_by FROM objects;
DROP TABLE objects;
ALTER TABLE objects_anew RENAME TO objects;
CREATE UNIQUE INDEX objects_key ON objects (organization_id, kind, key);
CREATE INDEX objects_name ON objects (organization_id, kind, name, id);
CREATE INDEX objects_updated ON objects (organization_id, kind, updated_at, id);
CREATE INDEX objects_effective_rto ON objects (organization_id, kind, (coalesce(effective_rto_seconds, 9223372036854775807)), id);

-- What was told of the table went with it.
DELETE FROM sqlite_stat1 WHERE tbl = 'objects';
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('objects', 'objects', '500000 500000 1'),
    ('objects', 'objects_key', '500000 500000 70000 1'),
    ('objects', 'objects_name', '500000 500000 70000 2 1'),
    ('objects', 'objects_updated', '500000 500000 70000 100 1'),
    ('objects', 'objects_effective_rto', '500000 500000 70000 5000 1');
