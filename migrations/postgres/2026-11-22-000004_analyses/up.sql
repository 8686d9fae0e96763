-- A button of a run is pressed by the key of its step, and what waits for it is looked up at each press.
CREATE UNIQUE INDEX run_steps_step ON run_steps (organization_id, run_id, step);
CREATE INDEX run_steps_pending ON run_steps (organization_id, run_id) WHERE status = 'pending';

ALTER TABLE settings ADD COLUMN detection_seconds BIGINT NOT NULL DEFAULT 0;
ALTER TABLE settings ADD COLUMN declaration_seconds BIGINT NOT NULL DEFAULT 0;

-- What a change request was assessed to do, when that was recorded.
ALTER TABLE change_requests ADD COLUMN assessment JSONB;
