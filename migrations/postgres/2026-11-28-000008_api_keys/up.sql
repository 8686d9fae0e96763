-- Keys by which machines call, and the digests of their secrets. A secret is of no version: it is found by its digest alone.
CREATE TABLE api_keys (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    roles jsonb NOT NULL,
    scopes jsonb NOT NULL,
    expires_at timestamptz NOT NULL,
    status text NOT NULL,
    secret_issued_at timestamptz,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE
);

CREATE TABLE api_key_secrets (
    organization_id uuid NOT NULL,
    api_key_id uuid NOT NULL,
    digest bytea NOT NULL,
    issued_at timestamptz NOT NULL,
    serves_until timestamptz,
    last_used_at timestamptz,
    PRIMARY KEY (organization_id, api_key_id, digest),
    FOREIGN KEY (organization_id, api_key_id) REFERENCES api_keys (organization_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX api_key_secrets_digest ON api_key_secrets (digest);
