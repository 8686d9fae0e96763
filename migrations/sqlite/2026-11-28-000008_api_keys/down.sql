DELETE FROM sqlite_stat1 WHERE tbl IN ('api_keys', 'api_key_secrets');
DROP TABLE api_key_secrets;
DROP TABLE api_keys;
DELETE FROM objects WHERE kind = 'api_key';
-- Foreign keys do not count while the schema changes, so nothing goes by itself.
DELETE FROM external_refs WHERE NOT EXISTS (SELECT 1 FROM objects o WHERE o.organization_id = external_refs.organization_id AND o.id = external_refs.object_id);
DELETE FROM tags WHERE NOT EXISTS (SELECT 1 FROM objects o WHERE o.organization_id = tags.organization_id AND o.id = tags.object_id);
