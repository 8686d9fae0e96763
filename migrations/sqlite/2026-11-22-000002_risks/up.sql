-- The newest entry of the ledger that changed the dependency graph: what is computed on it holds as long.
ALTER TABLE tenants ADD COLUMN graph_seq INTEGER NOT NULL DEFAULT 0;
UPDATE tenants SET graph_seq = seq;

-- Look-up of objects by what their lists point to; the lists themselves stand in the tables of the kinds.
CREATE TABLE links (
    organization_id BLOB NOT NULL,
    owner_id BLOB NOT NULL,
    field TEXT NOT NULL,
    target_id BLOB NOT NULL,
    PRIMARY KEY (organization_id, owner_id, field, target_id),
    FOREIGN KEY (organization_id, owner_id) REFERENCES objects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, target_id) REFERENCES objects (organization_id, id) DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;
CREATE INDEX links_target ON links (organization_id, target_id, field, owner_id);
INSERT INTO links (organization_id, owner_id, field, target_id)
    SELECT organization_id, supplier_id, 'contacts', contact_id FROM supplier_contacts;
DROP TABLE supplier_contacts;

-- What was deleted after a moment was there then; deletions are rare.
CREATE INDEX ledger_deleted ON ledger (organization_id, kind, seq) WHERE operation = 'deleted';

CREATE TABLE settings (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    intolerable_level INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE risk_matrices (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    likelihood_levels TEXT NOT NULL,
    impact_levels TEXT NOT NULL,
    classes TEXT NOT NULL,
    appetite TEXT NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE impact_assessments (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    business_process_id BLOB NOT NULL,
    assessed_on TEXT NOT NULL,
    assessor_id BLOB,
    ratings TEXT NOT NULL,
    peak_periods TEXT,
    manual_workaround TEXT,
    rto_seconds INTEGER,
    rpo_seconds INTEGER,
    wrt_seconds INTEGER,
    status TEXT NOT NULL,
    status_reason TEXT,
    status_changed_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, business_process_id) REFERENCES business_processes (organization_id, id),
    FOREIGN KEY (organization_id, assessor_id) REFERENCES contacts (organization_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX impact_assessments_process ON impact_assessments (organization_id, business_process_id);
CREATE INDEX impact_assessments_assessor ON impact_assessments (organization_id, assessor_id) WHERE assessor_id IS NOT NULL;

CREATE TABLE threats (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    category TEXT NOT NULL,
    yearly_frequency REAL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE vulnerabilities (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    severity TEXT NOT NULL,
    status TEXT NOT NULL,
    threats TEXT NOT NULL,
    services TEXT NOT NULL,
    components TEXT NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Where a risk stands on its matrix (score, class) follows from its rating and the matrix; recorded_at is its creation.
-- The last index holds all the report on the risk situation reads.
CREATE TABLE risks (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    recorded_at INTEGER NOT NULL,
    identified_on TEXT NOT NULL,
    threat_id BLOB,
    vulnerabilities TEXT NOT NULL,
    business_processes TEXT NOT NULL,
    services TEXT NOT NULL,
    components TEXT NOT NULL,
    owner_id BLOB,
    treatment TEXT NOT NULL,
    inherent_likelihood INTEGER,
    inherent_impact INTEGER,
    current_likelihood INTEGER,
    current_impact INTEGER,
    target_likelihood INTEGER,
    target_impact INTEGER,
    assessed_at INTEGER,
    score INTEGER,
    class TEXT,
    yearly_rate REAL,
    single_loss_amount TEXT,
    single_loss_currency TEXT,
    review_due TEXT,
    approver_id BLOB,
    accepted_until TEXT,
    status TEXT NOT NULL,
    status_reason TEXT,
    status_changed_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, threat_id) REFERENCES threats (organization_id, id),
    FOREIGN KEY (organization_id, owner_id) REFERENCES contacts (organization_id, id),
    FOREIGN KEY (organization_id, approver_id) REFERENCES contacts (organization_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX risks_threat ON risks (organization_id, threat_id) WHERE threat_id IS NOT NULL;
CREATE INDEX risks_owner ON risks (organization_id, owner_id) WHERE owner_id IS NOT NULL;
CREATE INDEX risks_approver ON risks (organization_id, approver_id) WHERE approver_id IS NOT NULL;
CREATE INDEX risks_score ON risks (organization_id, (coalesce(score, -1)), id);
CREATE INDEX risks_class ON risks (organization_id, class, id);
CREATE INDEX risks_status ON risks (organization_id, status, id);
CREATE INDEX risks_situation ON risks (organization_id, id, recorded_at, status, status_changed_at);

-- The index holds all the report on the risk situation reads.
CREATE TABLE risk_assessments (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    recorded_at INTEGER NOT NULL,
    risk_id BLOB NOT NULL,
    likelihood INTEGER NOT NULL,
    impact INTEGER NOT NULL,
    assessed_at INTEGER NOT NULL,
    assessor_id BLOB,
    rationale TEXT,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, risk_id) REFERENCES risks (organization_id, id),
    FOREIGN KEY (organization_id, assessor_id) REFERENCES contacts (organization_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX risk_assessments_risk ON risk_assessments (organization_id, risk_id, assessed_at, id, recorded_at, likelihood, impact);
CREATE INDEX risk_assessments_assessor ON risk_assessments (organization_id, assessor_id) WHERE assessor_id IS NOT NULL;

CREATE TABLE measures (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    nature TEXT NOT NULL,
    purpose TEXT NOT NULL,
    risks TEXT NOT NULL,
    services TEXT NOT NULL,
    components TEXT NOT NULL,
    likelihood_reduction INTEGER,
    impact_reduction INTEGER,
    cost_amount TEXT,
    cost_currency TEXT,
    owner_id BLOB,
    implementer TEXT NOT NULL,
    due_on TEXT,
    implementation_plan TEXT,
    backout_plan TEXT,
    test_plan TEXT,
    status TEXT NOT NULL,
    status_reason TEXT,
    status_changed_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, owner_id) REFERENCES contacts (organization_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX measures_owner ON measures (organization_id, owner_id) WHERE owner_id IS NOT NULL;
CREATE INDEX measures_status ON measures (organization_id, status, id);

CREATE TABLE measure_tasks (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    measure_id BLOB NOT NULL,
    assignee_id BLOB,
    assignment_group TEXT,
    due_on TEXT,
    status TEXT NOT NULL,
    status_reason TEXT,
    status_changed_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, measure_id) REFERENCES measures (organization_id, id),
    FOREIGN KEY (organization_id, assignee_id) REFERENCES contacts (organization_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX measure_tasks_measure ON measure_tasks (organization_id, measure_id, id);
CREATE INDEX measure_tasks_assignee ON measure_tasks (organization_id, assignee_id) WHERE assignee_id IS NOT NULL;

CREATE TABLE change_requests (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    measures TEXT NOT NULL,
    services TEXT NOT NULL,
    components TEXT NOT NULL,
    planned_start INTEGER,
    planned_end INTEGER,
    status TEXT NOT NULL,
    status_reason TEXT,
    status_changed_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX change_requests_status ON change_requests (organization_id, status, id);

DELETE FROM sqlite_stat1 WHERE tbl = 'supplier_contacts';
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('links', 'links', '500000 500000 4 2 1'),
    ('links', 'links_target', '500000 500000 3 2 1'),
    ('ledger', 'ledger_deleted', '10000 10000 1000 1'),
    ('settings', 'settings', '100 100 1'),
    ('risk_matrices', 'risk_matrices', '100 100 1'),
    ('impact_assessments', 'impact_assessments', '10000 10000 1'),
    ('impact_assessments', 'impact_assessments_process', '10000 10000 5'),
    ('impact_assessments', 'impact_assessments_assessor', '10000 10000 100'),
    ('threats', 'threats', '500 500 1'),
    ('vulnerabilities', 'vulnerabilities', '20000 20000 1'),
    ('risks', 'risks', '100000 100000 1'),
    ('risks', 'risks_threat', '100000 100000 500'),
    ('risks', 'risks_owner', '100000 100000 200'),
    ('risks', 'risks_approver', '100000 100000 200'),
    ('risks', 'risks_score', '100000 100000 4000 1 1'),
    ('risks', 'risks_class', '100000 100000 20000 1'),
    ('risks', 'risks_status', '100000 100000 15000 1'),
    ('risks', 'risks_situation', '100000 100000 1 1 1 1'),
    ('risk_assessments', 'risk_assessments', '300000 300000 1'),
    ('risk_assessments', 'risk_assessments_risk', '300000 300000 3 1 1 1 1 1'),
    ('risk_assessments', 'risk_assessments_assessor', '300000 300000 1000'),
    ('measures', 'measures', '50000 50000 1'),
    ('measures', 'measures_owner', '50000 50000 200'),
    ('measures', 'measures_status', '50000 50000 5000 1'),
    ('measure_tasks', 'measure_tasks', '200000 200000 1'),
    ('measure_tasks', 'measure_tasks_measure', '200000 200000 4 1'),
    ('measure_tasks', 'measure_tasks_assignee', '200000 200000 200'),
    ('change_requests', 'change_requests', '50000 50000 1'),
    ('change_requests', 'change_requests_status', '50000 50000 5000 1');
ANALYZE sqlite_schema;
