DROP INDEX run_steps_pending;
DROP INDEX run_steps_step;
DELETE FROM sqlite_stat1 WHERE idx IN ('run_steps_step', 'run_steps_pending');
