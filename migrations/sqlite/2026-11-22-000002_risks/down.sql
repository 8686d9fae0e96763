DROP TABLE change_requests;
DROP TABLE measure_tasks;
DROP TABLE measures;
DROP TABLE risk_assessments;
DROP TABLE risks;
DROP TABLE vulnerabilities;
DROP TABLE threats;
DROP TABLE impact_assessments;
DROP TABLE risk_matrices;
DROP TABLE settings;
DROP INDEX ledger_deleted;
CREATE TABLE supplier_contacts (
    organization_id BLOB NOT NULL,
    supplier_id BLOB NOT NULL,
    contact_id BLOB NOT NULL,
    PRIMARY KEY (organization_id, supplier_id, contact_id),
    FOREIGN KEY (organization_id, supplier_id) REFERENCES suppliers (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, contact_id) REFERENCES contacts (organization_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX supplier_contacts_contact ON supplier_contacts (organization_id, contact_id);
INSERT INTO supplier_contacts (organization_id, supplier_id, contact_id)
    SELECT l.organization_id, l.owner_id, l.target_id FROM links l
    JOIN suppliers s ON s.organization_id = l.organization_id AND s.id = l.owner_id WHERE l.field = 'contacts';
DROP TABLE links;
ALTER TABLE tenants DROP COLUMN graph_seq;
DELETE FROM objects WHERE kind IN ('settings', 'risk_matrix', 'impact_assessment', 'threat', 'vulnerability', 'risk', 'risk_assessment', 'measure', 'measure_task', 'change_request');
-- Foreign keys do not count while the schema changes, so nothing goes by itself.
DELETE FROM external_refs WHERE NOT EXISTS (SELECT 1 FROM objects o WHERE o.organization_id = external_refs.organization_id AND o.id = external_refs.object_id);
DELETE FROM tags WHERE NOT EXISTS (SELECT 1 FROM objects o WHERE o.organization_id = tags.organization_id AND o.id = tags.object_id);
DELETE FROM sqlite_stat1 WHERE tbl IN ('settings', 'risk_matrices', 'impact_assessments', 'threats', 'vulnerabilities', 'risks', 'risk_assessments', 'measures', 'measure_tasks', 'change_requests', 'links') OR idx = 'ledger_deleted';
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('supplier_contacts', 'supplier_contacts', '5000 5000 3 1'),
    ('supplier_contacts', 'supplier_contacts_contact', '5000 5000 2');
