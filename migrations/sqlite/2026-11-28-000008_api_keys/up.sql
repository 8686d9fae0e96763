-- Keys by which machines call, and the digests of their secrets. A secret is of no version: it is found by its digest alone.
CREATE TABLE api_keys (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    roles TEXT NOT NULL,
    scopes TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    status TEXT NOT NULL,
    secret_issued_at INTEGER,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE api_key_secrets (
    organization_id BLOB NOT NULL,
    api_key_id BLOB NOT NULL,
    digest BLOB NOT NULL,
    issued_at INTEGER NOT NULL,
    serves_until INTEGER,
    last_used_at INTEGER,
    PRIMARY KEY (organization_id, api_key_id, digest),
    FOREIGN KEY (organization_id, api_key_id) REFERENCES api_keys (organization_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX api_key_secrets_digest ON api_key_secrets (digest);

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('api_keys', 'api_keys', '100 100 1'),
    ('api_key_secrets', 'api_key_secrets', '200 200 2 1'),
    ('api_key_secrets', 'api_key_secrets_digest', '200 1');
