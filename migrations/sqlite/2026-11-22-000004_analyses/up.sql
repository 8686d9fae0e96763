-- A button of a run is pressed by the key of its step, and what waits for it is looked up at each press.
CREATE UNIQUE INDEX run_steps_step ON run_steps (organization_id, run_id, step);
CREATE INDEX run_steps_pending ON run_steps (organization_id, run_id) WHERE status = 'pending';

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('run_steps', 'run_steps_step', '500000 500000 25 1'),
    ('run_steps', 'run_steps_pending', '100000 100000 20');

ALTER TABLE settings ADD COLUMN detection_seconds INTEGER NOT NULL DEFAULT 0;
ALTER TABLE settings ADD COLUMN declaration_seconds INTEGER NOT NULL DEFAULT 0;

-- What a change request was assessed to do, when that was recorded.
ALTER TABLE change_requests ADD COLUMN assessment TEXT;
