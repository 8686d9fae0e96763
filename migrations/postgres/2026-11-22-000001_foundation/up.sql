-- One row a tenant: the head of its ledger. Locking this row puts the writes of an organisation in order. Ledger and
-- objects do not refer to it: their only way in goes through that lock, and every row of theirs would look at one row.
CREATE TABLE tenants (
    organization_id uuid NOT NULL,
    seq bigint NOT NULL,
    at timestamptz NOT NULL,
    hash bytea NOT NULL,
    -- Whether the organisation is there; the ledger of a deleted one stays, and takes no more writes.
    open boolean NOT NULL,
    PRIMARY KEY (organization_id)
);

-- Every write ever made, in order, each entry chained to the one before. Only appended to.
CREATE TABLE ledger (
    organization_id uuid NOT NULL,
    seq bigint NOT NULL,
    at timestamptz NOT NULL,
    kind text COLLATE "C" NOT NULL,
    object_id uuid NOT NULL,
    object_key text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    operation text COLLATE "C" NOT NULL,
    actor text COLLATE "C" NOT NULL,
    request_id text COLLATE "C" NOT NULL,
    reason text COLLATE "C",
    body text COLLATE "C",
    digest bytea NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (organization_id, seq)
);
CREATE INDEX ledger_object ON ledger (organization_id, object_id, seq);
CREATE INDEX ledger_time ON ledger (organization_id, at, seq);

-- What every object has, whatever its kind. The tables of the kinds hold only their own fields.
CREATE TABLE objects (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    description text COLLATE "C",
    external_refs jsonb NOT NULL,
    tags jsonb NOT NULL,
    attributes jsonb NOT NULL,
    search text COLLATE "C" NOT NULL,
    effective_rto_seconds bigint,
    effective_rpo_seconds bigint,
    effective_mtpd_seconds bigint,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    created_by text COLLATE "C" NOT NULL,
    updated_by text COLLATE "C" NOT NULL,
    PRIMARY KEY (organization_id, id)
);
CREATE UNIQUE INDEX objects_key ON objects (organization_id, kind, key);
CREATE INDEX objects_name ON objects (organization_id, kind, name, id);
CREATE INDEX objects_updated ON objects (organization_id, kind, updated_at, id);
CREATE INDEX objects_effective_rto ON objects (organization_id, kind, (coalesce(effective_rto_seconds, 9223372036854775807)), id);

-- Look-up of objects by a client's own id; the list itself stands in objects.external_refs.
CREATE TABLE external_refs (
    organization_id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    system text COLLATE "C" NOT NULL,
    external_id text COLLATE "C" NOT NULL,
    object_id uuid NOT NULL,
    PRIMARY KEY (organization_id, kind, system, external_id),
    FOREIGN KEY (organization_id, object_id) REFERENCES objects (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX external_refs_object ON external_refs (organization_id, object_id);

-- Look-up of objects by tag; the list itself stands in objects.tags.
CREATE TABLE tags (
    organization_id uuid NOT NULL,
    tag text COLLATE "C" NOT NULL,
    object_id uuid NOT NULL,
    PRIMARY KEY (organization_id, tag, object_id),
    FOREIGN KEY (organization_id, object_id) REFERENCES objects (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX tags_object ON tags (organization_id, object_id);

-- The last number given out for keys of a kind.
CREATE TABLE counters (
    organization_id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    last bigint NOT NULL,
    PRIMARY KEY (organization_id, kind),
    FOREIGN KEY (organization_id) REFERENCES tenants (organization_id)
);

-- First answers, kept for their repetition.
CREATE TABLE idempotency_keys (
    organization_id uuid NOT NULL,
    subject text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    request bytea NOT NULL,
    status bigint NOT NULL,
    location text COLLATE "C",
    etag text COLLATE "C",
    body text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, subject, key),
    FOREIGN KEY (organization_id) REFERENCES tenants (organization_id)
);
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);

CREATE TABLE organizations (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    status text COLLATE "C" NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE
);

CREATE TABLE contacts (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    email text COLLATE "C",
    phones jsonb NOT NULL,
    channel text COLLATE "C",
    deputy_id uuid,
    subject text COLLATE "C",
    last_verified_on text COLLATE "C",
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, deputy_id) REFERENCES contacts (organization_id, id) DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX contacts_deputy ON contacts (organization_id, deputy_id) WHERE deputy_id IS NOT NULL;

CREATE TABLE suppliers (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    contacts jsonb NOT NULL,
    substitutability text COLLATE "C",
    exit_plan text COLLATE "C",
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE
);

CREATE TABLE supplier_contacts (
    organization_id uuid NOT NULL,
    supplier_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    PRIMARY KEY (organization_id, supplier_id, contact_id),
    FOREIGN KEY (organization_id, supplier_id) REFERENCES suppliers (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, contact_id) REFERENCES contacts (organization_id, id)
);
CREATE INDEX supplier_contacts_contact ON supplier_contacts (organization_id, contact_id);

CREATE TABLE sites (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    parent_id uuid,
    address text COLLATE "C",
    country text COLLATE "C",
    latitude double precision,
    longitude double precision,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, parent_id) REFERENCES sites (organization_id, id) DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX sites_parent ON sites (organization_id, parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE business_processes (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    owner_id uuid,
    vital boolean NOT NULL,
    parent_id uuid,
    rto_seconds bigint,
    rpo_seconds bigint,
    mtpd_seconds bigint,
    wrt_seconds bigint,
    minimum_service_level text COLLATE "C",
    criticality text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL,
    review_due text COLLATE "C",
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, owner_id) REFERENCES contacts (organization_id, id),
    FOREIGN KEY (organization_id, parent_id) REFERENCES business_processes (organization_id, id) DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX business_processes_owner ON business_processes (organization_id, owner_id) WHERE owner_id IS NOT NULL;
CREATE INDEX business_processes_parent ON business_processes (organization_id, parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE services (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    criticality text COLLATE "C" NOT NULL,
    lifecycle text COLLATE "C" NOT NULL,
    owner_id uuid,
    rto_seconds bigint,
    rpo_seconds bigint,
    restart_seconds bigint,
    recovery_time_seconds bigint,
    data_loss_seconds bigint,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, owner_id) REFERENCES contacts (organization_id, id)
);
CREATE INDEX services_owner ON services (organization_id, owner_id) WHERE owner_id IS NOT NULL;

CREATE TABLE components (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    site_id uuid,
    supplier_id uuid,
    owner_id uuid,
    lifecycle text COLLATE "C" NOT NULL,
    recovery_option text COLLATE "C",
    recovery_time_seconds bigint,
    restart_seconds bigint,
    data_loss_seconds bigint,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, site_id) REFERENCES sites (organization_id, id),
    FOREIGN KEY (organization_id, supplier_id) REFERENCES suppliers (organization_id, id),
    FOREIGN KEY (organization_id, owner_id) REFERENCES contacts (organization_id, id)
);
CREATE INDEX components_site ON components (organization_id, site_id) WHERE site_id IS NOT NULL;
CREATE INDEX components_supplier ON components (organization_id, supplier_id) WHERE supplier_id IS NOT NULL;
CREATE INDEX components_owner ON components (organization_id, owner_id) WHERE owner_id IS NOT NULL;

-- redundancy_group is empty where the mapping stands in no group.
CREATE TABLE mappings (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    dependent_id uuid NOT NULL,
    provider_id uuid NOT NULL,
    relation text COLLATE "C" NOT NULL,
    effect text COLLATE "C" NOT NULL,
    redundancy_group text COLLATE "C" NOT NULL,
    required bigint,
    needed_to_start boolean NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, dependent_id) REFERENCES objects (organization_id, id),
    FOREIGN KEY (organization_id, provider_id) REFERENCES objects (organization_id, id)
);
CREATE UNIQUE INDEX mappings_once ON mappings (organization_id, dependent_id, provider_id, relation, redundancy_group);
CREATE INDEX mappings_provider ON mappings (organization_id, provider_id);

-- The ledger is only appended to; taking personal data out of a body is the one change allowed.
CREATE FUNCTION ledger_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the ledger is only appended to'; END $$;
CREATE TRIGGER ledger_keep BEFORE DELETE ON ledger FOR EACH ROW EXECUTE FUNCTION ledger_is_fixed();
CREATE TRIGGER ledger_fixed BEFORE UPDATE OF organization_id, seq, at, kind, object_id, object_key, version, operation, actor, request_id, reason, digest, hash ON ledger
FOR EACH ROW EXECUTE FUNCTION ledger_is_fixed();
CREATE TRIGGER ledger_body BEFORE UPDATE OF body ON ledger FOR EACH ROW WHEN (NEW.body IS NOT NULL) EXECUTE FUNCTION ledger_is_fixed();
CREATE TRIGGER tenants_keep BEFORE DELETE ON tenants FOR EACH ROW EXECUTE FUNCTION ledger_is_fixed();
CREATE TRIGGER ledger_whole BEFORE TRUNCATE ON ledger FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_fixed();

-- The tenant to which the organisations themselves belong.
INSERT INTO tenants (organization_id, seq, at, hash, open) VALUES ('00000000-0000-0000-0000-000000000000', 0, '1970-01-01T00:00:00Z', '\x0000000000000000000000000000000000000000000000000000000000000000', true);
