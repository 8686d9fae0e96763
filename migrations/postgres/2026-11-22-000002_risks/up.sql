-- The newest entry of the ledger that changed the dependency graph: what is computed on it holds as long.
ALTER TABLE tenants ADD COLUMN graph_seq bigint NOT NULL DEFAULT 0;
UPDATE tenants SET graph_seq = seq;

-- Look-up of objects by what their lists point to; the lists themselves stand in the tables of the kinds.
CREATE TABLE links (
    organization_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    field text COLLATE "C" NOT NULL,
    target_id uuid NOT NULL,
    PRIMARY KEY (organization_id, owner_id, field, target_id),
    FOREIGN KEY (organization_id, owner_id) REFERENCES objects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, target_id) REFERENCES objects (organization_id, id) DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX links_target ON links (organization_id, target_id, field, owner_id);
INSERT INTO links (organization_id, owner_id, field, target_id)
    SELECT organization_id, supplier_id, 'contacts', contact_id FROM supplier_contacts;
DROP TABLE supplier_contacts;

-- What was deleted after a moment was there then; deletions are rare.
CREATE INDEX ledger_deleted ON ledger (organization_id, kind, seq) WHERE operation = 'deleted';

CREATE TABLE settings (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    intolerable_level bigint NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE
);

CREATE TABLE risk_matrices (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    likelihood_levels jsonb NOT NULL,
    impact_levels jsonb NOT NULL,
    classes jsonb NOT NULL,
    appetite text COLLATE "C" NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE
);

CREATE TABLE impact_assessments (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    business_process_id uuid NOT NULL,
    assessed_on text COLLATE "C" NOT NULL,
    assessor_id uuid,
    ratings jsonb NOT NULL,
    peak_periods text COLLATE "C",
    manual_workaround text COLLATE "C",
    rto_seconds bigint,
    rpo_seconds bigint,
    wrt_seconds bigint,
    status text COLLATE "C" NOT NULL,
    status_reason text COLLATE "C",
    status_changed_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, business_process_id) REFERENCES business_processes (organization_id, id),
    FOREIGN KEY (organization_id, assessor_id) REFERENCES contacts (organization_id, id)
);
CREATE INDEX impact_assessments_process ON impact_assessments (organization_id, business_process_id);
CREATE INDEX impact_assessments_assessor ON impact_assessments (organization_id, assessor_id) WHERE assessor_id IS NOT NULL;

CREATE TABLE threats (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    category text COLLATE "C" NOT NULL,
    yearly_frequency double precision,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE
);

CREATE TABLE vulnerabilities (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    severity text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL,
    threats jsonb NOT NULL,
    services jsonb NOT NULL,
    components jsonb NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE
);

-- Where a risk stands on its matrix (score, class) follows from its rating and the matrix; recorded_at is its creation.
-- The last index holds all the report on the risk situation reads.
CREATE TABLE risks (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    recorded_at timestamptz NOT NULL,
    identified_on text COLLATE "C" NOT NULL,
    threat_id uuid,
    vulnerabilities jsonb NOT NULL,
    business_processes jsonb NOT NULL,
    services jsonb NOT NULL,
    components jsonb NOT NULL,
    owner_id uuid,
    treatment text COLLATE "C" NOT NULL,
    inherent_likelihood bigint,
    inherent_impact bigint,
    current_likelihood bigint,
    current_impact bigint,
    target_likelihood bigint,
    target_impact bigint,
    assessed_at timestamptz,
    score bigint,
    class text COLLATE "C",
    yearly_rate double precision,
    single_loss_amount text COLLATE "C",
    single_loss_currency text COLLATE "C",
    review_due text COLLATE "C",
    approver_id uuid,
    accepted_until text COLLATE "C",
    status text COLLATE "C" NOT NULL,
    status_reason text COLLATE "C",
    status_changed_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, threat_id) REFERENCES threats (organization_id, id),
    FOREIGN KEY (organization_id, owner_id) REFERENCES contacts (organization_id, id),
    FOREIGN KEY (organization_id, approver_id) REFERENCES contacts (organization_id, id)
);
CREATE INDEX risks_threat ON risks (organization_id, threat_id) WHERE threat_id IS NOT NULL;
CREATE INDEX risks_owner ON risks (organization_id, owner_id) WHERE owner_id IS NOT NULL;
CREATE INDEX risks_approver ON risks (organization_id, approver_id) WHERE approver_id IS NOT NULL;
CREATE INDEX risks_score ON risks (organization_id, (coalesce(score, -1)), id);
CREATE INDEX risks_class ON risks (organization_id, class, id);
CREATE INDEX risks_status ON risks (organization_id, status, id);
CREATE INDEX risks_situation ON risks (organization_id, id, recorded_at, status, status_changed_at);

-- The index holds all the report on the risk situation reads.
CREATE TABLE risk_assessments (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    recorded_at timestamptz NOT NULL,
    risk_id uuid NOT NULL,
    likelihood bigint NOT NULL,
    impact bigint NOT NULL,
    assessed_at timestamptz NOT NULL,
    assessor_id uuid,
    rationale text COLLATE "C",
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, risk_id) REFERENCES risks (organization_id, id),
    FOREIGN KEY (organization_id, assessor_id) REFERENCES contacts (organization_id, id)
);
CREATE INDEX risk_assessments_risk ON risk_assessments (organization_id, risk_id, assessed_at, id, recorded_at, likelihood, impact);
CREATE INDEX risk_assessments_assessor ON risk_assessments (organization_id, assessor_id) WHERE assessor_id IS NOT NULL;

CREATE TABLE measures (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    nature text COLLATE "C" NOT NULL,
    purpose text COLLATE "C" NOT NULL,
    risks jsonb NOT NULL,
    services jsonb NOT NULL,
    components jsonb NOT NULL,
    likelihood_reduction bigint,
    impact_reduction bigint,
    cost_amount text COLLATE "C",
    cost_currency text COLLATE "C",
    owner_id uuid,
    implementer text COLLATE "C" NOT NULL,
    due_on text COLLATE "C",
    implementation_plan text COLLATE "C",
    backout_plan text COLLATE "C",
    test_plan text COLLATE "C",
    status text COLLATE "C" NOT NULL,
    status_reason text COLLATE "C",
    status_changed_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, owner_id) REFERENCES contacts (organization_id, id)
);
CREATE INDEX measures_owner ON measures (organization_id, owner_id) WHERE owner_id IS NOT NULL;
CREATE INDEX measures_status ON measures (organization_id, status, id);

CREATE TABLE measure_tasks (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    measure_id uuid NOT NULL,
    assignee_id uuid,
    assignment_group text COLLATE "C",
    due_on text COLLATE "C",
    status text COLLATE "C" NOT NULL,
    status_reason text COLLATE "C",
    status_changed_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, measure_id) REFERENCES measures (organization_id, id),
    FOREIGN KEY (organization_id, assignee_id) REFERENCES contacts (organization_id, id)
);
CREATE INDEX measure_tasks_measure ON measure_tasks (organization_id, measure_id, id);
CREATE INDEX measure_tasks_assignee ON measure_tasks (organization_id, assignee_id) WHERE assignee_id IS NOT NULL;

CREATE TABLE change_requests (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    measures jsonb NOT NULL,
    services jsonb NOT NULL,
    components jsonb NOT NULL,
    planned_start timestamptz,
    planned_end timestamptz,
    status text COLLATE "C" NOT NULL,
    status_reason text COLLATE "C",
    status_changed_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX change_requests_status ON change_requests (organization_id, status, id);
