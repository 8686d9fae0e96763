DROP TABLE agreements;
DELETE FROM objects WHERE kind = 'agreement';
-- Foreign keys do not count while the schema changes, so nothing goes by itself.
DELETE FROM external_refs WHERE NOT EXISTS (SELECT 1 FROM objects o WHERE o.organization_id = external_refs.organization_id AND o.id = external_refs.object_id);
DELETE FROM tags WHERE NOT EXISTS (SELECT 1 FROM objects o WHERE o.organization_id = tags.organization_id AND o.id = tags.object_id);
DELETE FROM links WHERE NOT EXISTS (SELECT 1 FROM objects o WHERE o.organization_id = links.organization_id AND o.id = links.owner_id) OR NOT EXISTS (SELECT 1 FROM objects o WHERE o.organization_id = links.organization_id AND o.id = links.target_id);
