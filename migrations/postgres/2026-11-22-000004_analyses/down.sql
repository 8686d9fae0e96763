DROP INDEX run_steps_pending;
DROP INDEX run_steps_step;
