DROP TABLE findings;
DROP TABLE measurements;
DROP TABLE run_steps;
DROP TABLE runs;
DROP TABLE disruptions;
DROP TABLE exercises;
DROP TABLE plan_versions;
DROP TABLE plans;
ALTER TABLE settings DROP COLUMN plan_approvals;
DELETE FROM objects WHERE kind IN ('plan', 'plan_version', 'exercise', 'disruption', 'run', 'run_step', 'measurement', 'finding');
-- Foreign keys do not count while the schema changes, so nothing goes by itself.
DELETE FROM external_refs WHERE NOT EXISTS (SELECT 1 FROM objects o WHERE o.organization_id = external_refs.organization_id AND o.id = external_refs.object_id);
DELETE FROM tags WHERE NOT EXISTS (SELECT 1 FROM objects o WHERE o.organization_id = tags.organization_id AND o.id = tags.object_id);
DELETE FROM links WHERE NOT EXISTS (SELECT 1 FROM objects o WHERE o.organization_id = links.organization_id AND o.id = links.owner_id) OR NOT EXISTS (SELECT 1 FROM objects o WHERE o.organization_id = links.organization_id AND o.id = links.target_id);
DELETE FROM sqlite_stat1 WHERE tbl IN ('plans', 'plan_versions', 'exercises', 'disruptions', 'runs', 'run_steps', 'measurements', 'findings');
