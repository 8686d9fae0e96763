-- Whose approval plans of a kind need.
ALTER TABLE settings ADD COLUMN plan_approvals TEXT NOT NULL DEFAULT '[]';

CREATE TABLE plans (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    kind TEXT NOT NULL,
    services TEXT NOT NULL,
    business_processes TEXT NOT NULL,
    scenarios TEXT NOT NULL,
    owner_id BLOB,
    parent_id BLOB,
    related TEXT NOT NULL,
    recovery_site_id BLOB,
    review_cycle_months INTEGER,
    review_due TEXT,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, owner_id) REFERENCES contacts (organization_id, id),
    FOREIGN KEY (organization_id, parent_id) REFERENCES plans (organization_id, id) DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (organization_id, recovery_site_id) REFERENCES sites (organization_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX plans_owner ON plans (organization_id, owner_id) WHERE owner_id IS NOT NULL;
CREATE INDEX plans_parent ON plans (organization_id, parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX plans_recovery_site ON plans (organization_id, recovery_site_id) WHERE recovery_site_id IS NOT NULL;
CREATE INDEX plans_review_due ON plans (organization_id, review_due, id);

CREATE TABLE plan_versions (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    plan_id BLOB NOT NULL,
    number INTEGER NOT NULL,
    content TEXT NOT NULL,
    content_sha256 TEXT NOT NULL,
    authors TEXT NOT NULL,
    approvals TEXT NOT NULL,
    status TEXT NOT NULL,
    status_reason TEXT,
    status_changed_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, plan_id) REFERENCES plans (organization_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX plan_versions_number ON plan_versions (organization_id, plan_id, number);
CREATE INDEX plan_versions_plan ON plan_versions (organization_id, plan_id, status);

CREATE TABLE exercises (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    kind TEXT NOT NULL,
    category TEXT NOT NULL,
    announced INTEGER NOT NULL,
    trigger_text TEXT,
    plans TEXT NOT NULL,
    services TEXT NOT NULL,
    scenarios TEXT NOT NULL,
    scenario TEXT,
    objectives TEXT NOT NULL,
    injects TEXT NOT NULL,
    participants TEXT NOT NULL,
    scheduled_start INTEGER NOT NULL,
    scheduled_end INTEGER NOT NULL,
    recurrence TEXT,
    time_zone TEXT NOT NULL,
    previous_id BLOB,
    result TEXT,
    result_reasons TEXT NOT NULL,
    status TEXT NOT NULL,
    status_reason TEXT,
    status_changed_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, previous_id) REFERENCES exercises (organization_id, id) DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;
CREATE INDEX exercises_previous ON exercises (organization_id, previous_id) WHERE previous_id IS NOT NULL;
CREATE INDEX exercises_status ON exercises (organization_id, status, id);
CREATE INDEX exercises_start ON exercises (organization_id, scheduled_start, id);

CREATE TABLE disruptions (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    services TEXT NOT NULL,
    components TEXT NOT NULL,
    sites TEXT NOT NULL,
    suppliers TEXT NOT NULL,
    severity TEXT NOT NULL,
    occurred_at INTEGER,
    detected_at INTEGER,
    declared_at INTEGER,
    restored_at INTEGER,
    status TEXT NOT NULL,
    status_reason TEXT,
    status_changed_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX disruptions_status ON disruptions (organization_id, status, id);
CREATE INDEX disruptions_occurred ON disruptions (organization_id, occurred_at, id);

CREATE TABLE runs (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    plan_id BLOB,
    plan_version_id BLOB,
    exercise_id BLOB,
    disruption_id BLOB,
    lead_id BLOB,
    mode TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    clock_started_at INTEGER NOT NULL,
    ended_at INTEGER,
    notes TEXT NOT NULL,
    status TEXT NOT NULL,
    status_reason TEXT,
    status_changed_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, plan_id) REFERENCES plans (organization_id, id),
    FOREIGN KEY (organization_id, plan_version_id) REFERENCES plan_versions (organization_id, id),
    FOREIGN KEY (organization_id, exercise_id) REFERENCES exercises (organization_id, id),
    FOREIGN KEY (organization_id, disruption_id) REFERENCES disruptions (organization_id, id),
    FOREIGN KEY (organization_id, lead_id) REFERENCES contacts (organization_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX runs_plan ON runs (organization_id, plan_id) WHERE plan_id IS NOT NULL;
CREATE INDEX runs_plan_version ON runs (organization_id, plan_version_id) WHERE plan_version_id IS NOT NULL;
CREATE INDEX runs_exercise ON runs (organization_id, exercise_id) WHERE exercise_id IS NOT NULL;
CREATE INDEX runs_disruption ON runs (organization_id, disruption_id) WHERE disruption_id IS NOT NULL;
CREATE INDEX runs_lead ON runs (organization_id, lead_id) WHERE lead_id IS NOT NULL;
CREATE INDEX runs_status ON runs (organization_id, status, id);

CREATE TABLE run_steps (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    run_id BLOB NOT NULL,
    step TEXT NOT NULL,
    responsible_id BLOB,
    position INTEGER NOT NULL,
    phase TEXT NOT NULL,
    execution TEXT NOT NULL,
    role TEXT,
    depends_on TEXT NOT NULL,
    recovers TEXT NOT NULL,
    expected_seconds INTEGER NOT NULL,
    planned_start_seconds INTEGER NOT NULL,
    planned_end_seconds INTEGER NOT NULL,
    started_at INTEGER,
    started_by TEXT,
    ended_at INTEGER,
    ended_by TEXT,
    failures INTEGER NOT NULL,
    status TEXT NOT NULL,
    status_reason TEXT,
    status_changed_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, run_id) REFERENCES runs (organization_id, id),
    FOREIGN KEY (organization_id, responsible_id) REFERENCES contacts (organization_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_steps_responsible ON run_steps (organization_id, responsible_id) WHERE responsible_id IS NOT NULL;
CREATE INDEX run_steps_run ON run_steps (organization_id, run_id, position);

CREATE TABLE measurements (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    subject_id BLOB NOT NULL,
    source TEXT NOT NULL,
    run_id BLOB,
    exercise_id BLOB,
    restoration_seconds INTEGER,
    data_loss_seconds INTEGER,
    measured_at INTEGER,
    measured_by_id BLOB,
    evidence TEXT,
    level TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, subject_id) REFERENCES objects (organization_id, id),
    FOREIGN KEY (organization_id, run_id) REFERENCES runs (organization_id, id),
    FOREIGN KEY (organization_id, exercise_id) REFERENCES exercises (organization_id, id),
    FOREIGN KEY (organization_id, measured_by_id) REFERENCES contacts (organization_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX measurements_run ON measurements (organization_id, run_id) WHERE run_id IS NOT NULL;
CREATE INDEX measurements_exercise ON measurements (organization_id, exercise_id) WHERE exercise_id IS NOT NULL;
CREATE INDEX measurements_measured_by ON measurements (organization_id, measured_by_id) WHERE measured_by_id IS NOT NULL;
CREATE INDEX measurements_subject ON measurements (organization_id, subject_id, measured_at);

CREATE TABLE findings (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    severity TEXT NOT NULL,
    source TEXT NOT NULL,
    exercise_id BLOB,
    run_id BLOB,
    disruption_id BLOB,
    source_reference TEXT,
    services TEXT NOT NULL,
    components TEXT NOT NULL,
    owner_id BLOB,
    due_on TEXT,
    measure_id BLOB,
    retest_id BLOB,
    status TEXT NOT NULL,
    status_reason TEXT,
    status_changed_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, exercise_id) REFERENCES exercises (organization_id, id),
    FOREIGN KEY (organization_id, run_id) REFERENCES runs (organization_id, id),
    FOREIGN KEY (organization_id, disruption_id) REFERENCES disruptions (organization_id, id),
    FOREIGN KEY (organization_id, owner_id) REFERENCES contacts (organization_id, id),
    FOREIGN KEY (organization_id, measure_id) REFERENCES measures (organization_id, id),
    FOREIGN KEY (organization_id, retest_id) REFERENCES exercises (organization_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX findings_exercise ON findings (organization_id, exercise_id) WHERE exercise_id IS NOT NULL;
CREATE INDEX findings_run ON findings (organization_id, run_id) WHERE run_id IS NOT NULL;
CREATE INDEX findings_disruption ON findings (organization_id, disruption_id) WHERE disruption_id IS NOT NULL;
CREATE INDEX findings_owner ON findings (organization_id, owner_id) WHERE owner_id IS NOT NULL;
CREATE INDEX findings_measure ON findings (organization_id, measure_id) WHERE measure_id IS NOT NULL;
CREATE INDEX findings_retest ON findings (organization_id, retest_id) WHERE retest_id IS NOT NULL;
CREATE INDEX findings_status ON findings (organization_id, status, id);

-- What has been approved never changes again, and is never deleted.
CREATE TRIGGER plan_versions_fixed BEFORE UPDATE ON plan_versions
WHEN OLD.status NOT IN ('draft', 'in_review') AND (NEW.content IS NOT OLD.content OR NEW.content_sha256 IS NOT OLD.content_sha256
    OR NEW.plan_id IS NOT OLD.plan_id OR NEW.number IS NOT OLD.number OR NEW.status IN ('draft', 'in_review'))
BEGIN SELECT RAISE(ABORT, 'approved content never changes'); END;
CREATE TRIGGER plan_versions_kept BEFORE DELETE ON plan_versions
WHEN OLD.status NOT IN ('draft', 'in_review')
BEGIN SELECT RAISE(ABORT, 'approved content is never deleted'); END;

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('plans', 'plans', '5000 5000 1'),
    ('plans', 'plans_owner', '5000 5000 100'),
    ('plans', 'plans_parent', '5000 5000 20'),
    ('plans', 'plans_recovery_site', '5000 5000 20'),
    ('plans', 'plans_review_due', '5000 5000 625 1'),
    ('plan_versions', 'plan_versions', '20000 20000 1'),
    ('plan_versions', 'plan_versions_number', '20000 20000 4 1'),
    ('plan_versions', 'plan_versions_plan', '20000 20000 4 1'),
    ('exercises', 'exercises', '20000 20000 1'),
    ('exercises', 'exercises_previous', '20000 20000 20'),
    ('exercises', 'exercises_status', '20000 20000 2500 1'),
    ('exercises', 'exercises_start', '20000 20000 2500 1'),
    ('disruptions', 'disruptions', '20000 20000 1'),
    ('disruptions', 'disruptions_status', '20000 20000 2500 1'),
    ('disruptions', 'disruptions_occurred', '20000 20000 2500 1'),
    ('runs', 'runs', '20000 20000 1'),
    ('runs', 'runs_plan', '20000 20000 20'),
    ('runs', 'runs_plan_version', '20000 20000 20'),
    ('runs', 'runs_exercise', '20000 20000 20'),
    ('runs', 'runs_disruption', '20000 20000 20'),
    ('runs', 'runs_lead', '20000 20000 200'),
    ('runs', 'runs_status', '20000 20000 2500 1'),
    ('run_steps', 'run_steps', '500000 500000 1'),
    ('run_steps', 'run_steps_responsible', '500000 500000 500'),
    ('run_steps', 'run_steps_run', '500000 500000 25 1'),
    ('measurements', 'measurements', '200000 200000 1'),
    ('measurements', 'measurements_run', '200000 200000 20'),
    ('measurements', 'measurements_exercise', '200000 200000 20'),
    ('measurements', 'measurements_measured_by', '200000 200000 500'),
    ('measurements', 'measurements_subject', '200000 200000 4 1'),
    ('findings', 'findings', '50000 50000 1'),
    ('findings', 'findings_exercise', '50000 50000 20'),
    ('findings', 'findings_run', '50000 50000 20'),
    ('findings', 'findings_disruption', '50000 50000 20'),
    ('findings', 'findings_owner', '50000 50000 200'),
    ('findings', 'findings_measure', '50000 50000 20'),
    ('findings', 'findings_retest', '50000 50000 20'),
    ('findings', 'findings_status', '50000 50000 6250 1');
