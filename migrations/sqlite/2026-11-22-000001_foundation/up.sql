-- One row a tenant: the head of its ledger. Locking this row puts the writes of an organisation in order. Ledger and
-- objects do not refer to it: their only way in goes through that lock, and every row of theirs would look at one row.
CREATE TABLE tenants (
    organization_id BLOB NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    hash BLOB NOT NULL,
    -- Whether the organisation is there; the ledger of a deleted one stays, and takes no more writes.
    open INTEGER NOT NULL,
    PRIMARY KEY (organization_id)
) STRICT, WITHOUT ROWID;

-- Every write ever made, in order, each entry chained to the one before. Only appended to.
CREATE TABLE ledger (
    organization_id BLOB NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    object_id BLOB NOT NULL,
    object_key TEXT NOT NULL,
    version INTEGER NOT NULL,
    operation TEXT NOT NULL,
    actor TEXT NOT NULL,
    request_id TEXT NOT NULL,
    reason TEXT,
    body TEXT,
    digest BLOB NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (organization_id, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX ledger_object ON ledger (organization_id, object_id, seq);
CREATE INDEX ledger_time ON ledger (organization_id, at, seq);

-- What every object has, whatever its kind. The tables of the kinds hold only their own fields.
CREATE TABLE objects (
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
CREATE UNIQUE INDEX objects_key ON objects (organization_id, kind, key);
CREATE INDEX objects_name ON objects (organization_id, kind, name, id);
CREATE INDEX objects_updated ON objects (organization_id, kind, updated_at, id);
CREATE INDEX objects_effective_rto ON objects (organization_id, kind, (coalesce(effective_rto_seconds, 9223372036854775807)), id);

-- Look-up of objects by a client's own id; the list itself stands in objects.external_refs.
CREATE TABLE external_refs (
    organization_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    system TEXT NOT NULL,
    external_id TEXT NOT NULL,
    object_id BLOB NOT NULL,
    PRIMARY KEY (organization_id, kind, system, external_id),
    FOREIGN KEY (organization_id, object_id) REFERENCES objects (organization_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX external_refs_object ON external_refs (organization_id, object_id);

-- Look-up of objects by tag; the list itself stands in objects.tags.
CREATE TABLE tags (
    organization_id BLOB NOT NULL,
    tag TEXT NOT NULL,
    object_id BLOB NOT NULL,
    PRIMARY KEY (organization_id, tag, object_id),
    FOREIGN KEY (organization_id, object_id) REFERENCES objects (organization_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX tags_object ON tags (organization_id, object_id);

-- The last number given out for keys of a kind.
CREATE TABLE counters (
    organization_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (organization_id, kind),
    FOREIGN KEY (organization_id) REFERENCES tenants (organization_id)
) STRICT, WITHOUT ROWID;

-- First answers, kept for their repetition.
CREATE TABLE idempotency_keys (
    organization_id BLOB NOT NULL,
    subject TEXT NOT NULL,
    key TEXT NOT NULL,
    request BLOB NOT NULL,
    status INTEGER NOT NULL,
    location TEXT,
    etag TEXT,
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, subject, key),
    FOREIGN KEY (organization_id) REFERENCES tenants (organization_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);

CREATE TABLE organizations (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    status TEXT NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE contacts (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    kind TEXT NOT NULL,
    email TEXT,
    phones TEXT NOT NULL,
    channel TEXT,
    deputy_id BLOB,
    subject TEXT,
    last_verified_on TEXT,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, deputy_id) REFERENCES contacts (organization_id, id) DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;
CREATE INDEX contacts_deputy ON contacts (organization_id, deputy_id) WHERE deputy_id IS NOT NULL;

CREATE TABLE suppliers (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    kind TEXT NOT NULL,
    contacts TEXT NOT NULL,
    substitutability TEXT,
    exit_plan TEXT,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE supplier_contacts (
    organization_id BLOB NOT NULL,
    supplier_id BLOB NOT NULL,
    contact_id BLOB NOT NULL,
    PRIMARY KEY (organization_id, supplier_id, contact_id),
    FOREIGN KEY (organization_id, supplier_id) REFERENCES suppliers (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, contact_id) REFERENCES contacts (organization_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX supplier_contacts_contact ON supplier_contacts (organization_id, contact_id);

CREATE TABLE sites (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    kind TEXT NOT NULL,
    parent_id BLOB,
    address TEXT,
    country TEXT,
    latitude REAL,
    longitude REAL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, parent_id) REFERENCES sites (organization_id, id) DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;
CREATE INDEX sites_parent ON sites (organization_id, parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE business_processes (
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
CREATE INDEX business_processes_owner ON business_processes (organization_id, owner_id) WHERE owner_id IS NOT NULL;
CREATE INDEX business_processes_parent ON business_processes (organization_id, parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE services (
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
CREATE INDEX services_owner ON services (organization_id, owner_id) WHERE owner_id IS NOT NULL;

CREATE TABLE components (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    kind TEXT NOT NULL,
    site_id BLOB,
    supplier_id BLOB,
    owner_id BLOB,
    lifecycle TEXT NOT NULL,
    recovery_option TEXT,
    recovery_time_seconds INTEGER,
    restart_seconds INTEGER,
    data_loss_seconds INTEGER,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, site_id) REFERENCES sites (organization_id, id),
    FOREIGN KEY (organization_id, supplier_id) REFERENCES suppliers (organization_id, id),
    FOREIGN KEY (organization_id, owner_id) REFERENCES contacts (organization_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX components_site ON components (organization_id, site_id) WHERE site_id IS NOT NULL;
CREATE INDEX components_supplier ON components (organization_id, supplier_id) WHERE supplier_id IS NOT NULL;
CREATE INDEX components_owner ON components (organization_id, owner_id) WHERE owner_id IS NOT NULL;

-- redundancy_group is empty where the mapping stands in no group.
CREATE TABLE mappings (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    dependent_id BLOB NOT NULL,
    provider_id BLOB NOT NULL,
    relation TEXT NOT NULL,
    effect TEXT NOT NULL,
    redundancy_group TEXT NOT NULL,
    required INTEGER,
    needed_to_start INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, dependent_id) REFERENCES objects (organization_id, id),
    FOREIGN KEY (organization_id, provider_id) REFERENCES objects (organization_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX mappings_once ON mappings (organization_id, dependent_id, provider_id, relation, redundancy_group);
CREATE INDEX mappings_provider ON mappings (organization_id, provider_id);

-- The ledger is only appended to; taking personal data out of a body is the one change allowed.
CREATE TRIGGER ledger_keep BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is only appended to'); END;
CREATE TRIGGER tenants_keep BEFORE DELETE ON tenants BEGIN SELECT RAISE(ABORT, 'the ledger is only appended to'); END;
CREATE TRIGGER ledger_fixed BEFORE UPDATE OF organization_id, seq, at, kind, object_id, object_key, version, operation, actor, request_id, reason, digest, hash ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is only appended to'); END;
CREATE TRIGGER ledger_body BEFORE UPDATE OF body ON ledger WHEN NEW.body IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'the ledger is only appended to'); END;
-- INSERT OR REPLACE deletes without asking the trigger above.
CREATE TRIGGER ledger_place BEFORE INSERT ON ledger
WHEN EXISTS (SELECT 1 FROM ledger WHERE organization_id = NEW.organization_id AND seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'the ledger is only appended to'); END;

-- The tenant to which the organisations themselves belong.
INSERT INTO tenants (organization_id, seq, at, hash, open) VALUES (zeroblob(16), 0, 0, zeroblob(32), 1);

-- What the planner believes of the tables: one large organisation. Without this it takes "organization_id = ?" for a
-- narrow search and walks whole tables; with figures of its own (ANALYZE) plans would change from one day to the next.
ANALYZE;
DELETE FROM sqlite_stat1;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('tenants', 'tenants', '100 1'),
    ('ledger', 'ledger', '1000000 1000000 1'),
    ('ledger', 'ledger_object', '1000000 1000000 3 1'),
    ('ledger', 'ledger_time', '1000000 1000000 10 1'),
    ('objects', 'objects', '500000 500000 1'),
    ('objects', 'objects_key', '500000 500000 70000 1'),
    ('objects', 'objects_name', '500000 500000 70000 2 1'),
    ('objects', 'objects_updated', '500000 500000 70000 100 1'),
    ('objects', 'objects_effective_rto', '500000 500000 70000 5000 1'),
    ('external_refs', 'external_refs', '500000 500000 70000 70000 1'),
    ('external_refs', 'external_refs_object', '500000 500000 1'),
    ('tags', 'tags', '500000 500000 1000 1'),
    ('tags', 'tags_object', '500000 500000 2'),
    ('counters', 'counters', '800 8 1'),
    ('idempotency_keys', 'idempotency_keys', '100000 100000 10000 1'),
    ('idempotency_keys', 'idempotency_keys_created', '100000 1'),
    ('organizations', 'organizations', '100 100 1'),
    ('contacts', 'contacts', '5000 5000 1'),
    ('contacts', 'contacts_deputy', '5000 5000 2'),
    ('suppliers', 'suppliers', '2000 2000 1'),
    ('supplier_contacts', 'supplier_contacts', '5000 5000 3 1'),
    ('supplier_contacts', 'supplier_contacts_contact', '5000 5000 2'),
    ('sites', 'sites', '2000 2000 1'),
    ('sites', 'sites_parent', '2000 2000 5'),
    ('business_processes', 'business_processes', '5000 5000 1'),
    ('business_processes', 'business_processes_owner', '5000 5000 10'),
    ('business_processes', 'business_processes_parent', '5000 5000 5'),
    ('services', 'services', '20000 20000 1'),
    ('services', 'services_owner', '20000 20000 20'),
    ('components', 'components', '200000 200000 1'),
    ('components', 'components_owner', '200000 200000 200'),
    ('components', 'components_site', '200000 200000 200'),
    ('components', 'components_supplier', '200000 200000 200'),
    ('mappings', 'mappings', '500000 500000 1'),
    ('mappings', 'mappings_once', '500000 500000 5 1 1 1'),
    ('mappings', 'mappings_provider', '500000 500000 5');
ANALYZE sqlite_schema;
