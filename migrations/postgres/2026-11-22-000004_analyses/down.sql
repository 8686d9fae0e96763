ALTER TABLE change_requests DROP COLUMN assessment;
ALTER TABLE settings DROP COLUMN declaration_seconds;
ALTER TABLE settings DROP COLUMN detection_seconds;
DROP INDEX run_steps_pending;
DROP INDEX run_steps_step;
