-- Whose approval plans of a kind need.
ALTER TABLE settings ADD COLUMN plan_approvals jsonb NOT NULL DEFAULT '[]';

CREATE TABLE plans (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    services jsonb NOT NULL,
    business_processes jsonb NOT NULL,
    scenarios jsonb NOT NULL,
    owner_id uuid,
    parent_id uuid,
    related jsonb NOT NULL,
    recovery_site_id uuid,
    review_cycle_months bigint,
    review_due text COLLATE "C",
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, owner_id) REFERENCES contacts (organization_id, id),
    FOREIGN KEY (organization_id, parent_id) REFERENCES plans (organization_id, id) DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (organization_id, recovery_site_id) REFERENCES sites (organization_id, id)
);
CREATE INDEX plans_owner ON plans (organization_id, owner_id) WHERE owner_id IS NOT NULL;
CREATE INDEX plans_parent ON plans (organization_id, parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX plans_recovery_site ON plans (organization_id, recovery_site_id) WHERE recovery_site_id IS NOT NULL;
CREATE INDEX plans_review_due ON plans (organization_id, review_due, id);

CREATE TABLE plan_versions (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    plan_id uuid NOT NULL,
    number bigint NOT NULL,
    content jsonb NOT NULL,
    content_sha256 text COLLATE "C" NOT NULL,
    authors jsonb NOT NULL,
    approvals jsonb NOT NULL,
    status text COLLATE "C" NOT NULL,
    status_reason text COLLATE "C",
    status_changed_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, plan_id) REFERENCES plans (organization_id, id)
);
CREATE UNIQUE INDEX plan_versions_number ON plan_versions (organization_id, plan_id, number);
CREATE INDEX plan_versions_plan ON plan_versions (organization_id, plan_id, status);

CREATE TABLE exercises (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    category text COLLATE "C" NOT NULL,
    announced boolean NOT NULL,
    trigger_text text COLLATE "C",
    plans jsonb NOT NULL,
    services jsonb NOT NULL,
    scenarios jsonb NOT NULL,
    scenario text COLLATE "C",
    objectives jsonb NOT NULL,
    injects jsonb NOT NULL,
    participants jsonb NOT NULL,
    scheduled_start timestamptz NOT NULL,
    scheduled_end timestamptz NOT NULL,
    recurrence text COLLATE "C",
    time_zone text COLLATE "C" NOT NULL,
    previous_id uuid,
    result text COLLATE "C",
    result_reasons jsonb NOT NULL,
    status text COLLATE "C" NOT NULL,
    status_reason text COLLATE "C",
    status_changed_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, previous_id) REFERENCES exercises (organization_id, id) DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX exercises_previous ON exercises (organization_id, previous_id) WHERE previous_id IS NOT NULL;
CREATE INDEX exercises_status ON exercises (organization_id, status, id);
CREATE INDEX exercises_start ON exercises (organization_id, scheduled_start, id);

CREATE TABLE disruptions (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    services jsonb NOT NULL,
    components jsonb NOT NULL,
    sites jsonb NOT NULL,
    suppliers jsonb NOT NULL,
    severity text COLLATE "C" NOT NULL,
    occurred_at timestamptz,
    detected_at timestamptz,
    declared_at timestamptz,
    restored_at timestamptz,
    status text COLLATE "C" NOT NULL,
    status_reason text COLLATE "C",
    status_changed_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX disruptions_status ON disruptions (organization_id, status, id);
CREATE INDEX disruptions_occurred ON disruptions (organization_id, occurred_at, id);

CREATE TABLE runs (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    plan_id uuid,
    plan_version_id uuid,
    exercise_id uuid,
    disruption_id uuid,
    lead_id uuid,
    mode text COLLATE "C" NOT NULL,
    started_at timestamptz NOT NULL,
    clock_started_at timestamptz NOT NULL,
    ended_at timestamptz,
    notes jsonb NOT NULL,
    status text COLLATE "C" NOT NULL,
    status_reason text COLLATE "C",
    status_changed_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, plan_id) REFERENCES plans (organization_id, id),
    FOREIGN KEY (organization_id, plan_version_id) REFERENCES plan_versions (organization_id, id),
    FOREIGN KEY (organization_id, exercise_id) REFERENCES exercises (organization_id, id),
    FOREIGN KEY (organization_id, disruption_id) REFERENCES disruptions (organization_id, id),
    FOREIGN KEY (organization_id, lead_id) REFERENCES contacts (organization_id, id)
);
CREATE INDEX runs_plan ON runs (organization_id, plan_id) WHERE plan_id IS NOT NULL;
CREATE INDEX runs_plan_version ON runs (organization_id, plan_version_id) WHERE plan_version_id IS NOT NULL;
CREATE INDEX runs_exercise ON runs (organization_id, exercise_id) WHERE exercise_id IS NOT NULL;
CREATE INDEX runs_disruption ON runs (organization_id, disruption_id) WHERE disruption_id IS NOT NULL;
CREATE INDEX runs_lead ON runs (organization_id, lead_id) WHERE lead_id IS NOT NULL;
CREATE INDEX runs_status ON runs (organization_id, status, id);

CREATE TABLE run_steps (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    run_id uuid NOT NULL,
    step text COLLATE "C" NOT NULL,
    responsible_id uuid,
    position bigint NOT NULL,
    phase text COLLATE "C" NOT NULL,
    execution text COLLATE "C" NOT NULL,
    role text COLLATE "C",
    depends_on jsonb NOT NULL,
    recovers jsonb NOT NULL,
    expected_seconds bigint NOT NULL,
    planned_start_seconds bigint NOT NULL,
    planned_end_seconds bigint NOT NULL,
    started_at timestamptz,
    started_by text COLLATE "C",
    ended_at timestamptz,
    ended_by text COLLATE "C",
    failures bigint NOT NULL,
    status text COLLATE "C" NOT NULL,
    status_reason text COLLATE "C",
    status_changed_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, run_id) REFERENCES runs (organization_id, id),
    FOREIGN KEY (organization_id, responsible_id) REFERENCES contacts (organization_id, id)
);
CREATE INDEX run_steps_responsible ON run_steps (organization_id, responsible_id) WHERE responsible_id IS NOT NULL;
CREATE INDEX run_steps_run ON run_steps (organization_id, run_id, position);

CREATE TABLE measurements (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    subject_id uuid NOT NULL,
    source text COLLATE "C" NOT NULL,
    run_id uuid,
    exercise_id uuid,
    restoration_seconds bigint,
    data_loss_seconds bigint,
    measured_at timestamptz,
    measured_by_id uuid,
    evidence text COLLATE "C",
    level text COLLATE "C" NOT NULL,
    fingerprint jsonb NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, subject_id) REFERENCES objects (organization_id, id),
    FOREIGN KEY (organization_id, run_id) REFERENCES runs (organization_id, id),
    FOREIGN KEY (organization_id, exercise_id) REFERENCES exercises (organization_id, id),
    FOREIGN KEY (organization_id, measured_by_id) REFERENCES contacts (organization_id, id)
);
CREATE INDEX measurements_run ON measurements (organization_id, run_id) WHERE run_id IS NOT NULL;
CREATE INDEX measurements_exercise ON measurements (organization_id, exercise_id) WHERE exercise_id IS NOT NULL;
CREATE INDEX measurements_measured_by ON measurements (organization_id, measured_by_id) WHERE measured_by_id IS NOT NULL;
CREATE INDEX measurements_subject ON measurements (organization_id, subject_id, measured_at);

CREATE TABLE findings (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    severity text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    exercise_id uuid,
    run_id uuid,
    disruption_id uuid,
    source_reference text COLLATE "C",
    services jsonb NOT NULL,
    components jsonb NOT NULL,
    owner_id uuid,
    due_on text COLLATE "C",
    measure_id uuid,
    retest_id uuid,
    status text COLLATE "C" NOT NULL,
    status_reason text COLLATE "C",
    status_changed_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, exercise_id) REFERENCES exercises (organization_id, id),
    FOREIGN KEY (organization_id, run_id) REFERENCES runs (organization_id, id),
    FOREIGN KEY (organization_id, disruption_id) REFERENCES disruptions (organization_id, id),
    FOREIGN KEY (organization_id, owner_id) REFERENCES contacts (organization_id, id),
    FOREIGN KEY (organization_id, measure_id) REFERENCES measures (organization_id, id),
    FOREIGN KEY (organization_id, retest_id) REFERENCES exercises (organization_id, id)
);
CREATE INDEX findings_exercise ON findings (organization_id, exercise_id) WHERE exercise_id IS NOT NULL;
CREATE INDEX findings_run ON findings (organization_id, run_id) WHERE run_id IS NOT NULL;
CREATE INDEX findings_disruption ON findings (organization_id, disruption_id) WHERE disruption_id IS NOT NULL;
CREATE INDEX findings_owner ON findings (organization_id, owner_id) WHERE owner_id IS NOT NULL;
CREATE INDEX findings_measure ON findings (organization_id, measure_id) WHERE measure_id IS NOT NULL;
CREATE INDEX findings_retest ON findings (organization_id, retest_id) WHERE retest_id IS NOT NULL;
CREATE INDEX findings_status ON findings (organization_id, status, id);

-- What has been approved never changes again, and is never deleted.
CREATE FUNCTION plan_versions_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'approved content is never deleted';
    END IF;
    IF NEW.content IS DISTINCT FROM OLD.content OR NEW.content_sha256 IS DISTINCT FROM OLD.content_sha256
        OR NEW.plan_id IS DISTINCT FROM OLD.plan_id OR NEW.number IS DISTINCT FROM OLD.number
        OR NEW.status IN ('draft', 'in_review') THEN
        RAISE EXCEPTION 'approved content never changes';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER plan_versions_fixed BEFORE UPDATE OR DELETE ON plan_versions
    FOR EACH ROW WHEN (OLD.status NOT IN ('draft', 'in_review')) EXECUTE FUNCTION plan_versions_fixed();
