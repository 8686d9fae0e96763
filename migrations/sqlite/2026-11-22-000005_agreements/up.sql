-- Service level agreements, operational level agreements and underpinning contracts.
CREATE TABLE agreements (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    kind TEXT NOT NULL,
    supplier_id BLOB,
    provider_id BLOB,
    customer_id BLOB,
    services TEXT NOT NULL,
    components TEXT NOT NULL,
    rto_seconds INTEGER,
    rpo_seconds INTEGER,
    availability_percent REAL,
    support_hours TEXT,
    valid_from TEXT,
    valid_to TEXT,
    notice_period_days INTEGER,
    review_due TEXT,
    contract_contact_id BLOB,
    complaint_contact_id BLOB,
    escalation_contact_id BLOB,
    service_review_contact_id BLOB,
    emergency_contact_id BLOB,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, supplier_id) REFERENCES suppliers (organization_id, id),
    FOREIGN KEY (organization_id, provider_id) REFERENCES contacts (organization_id, id),
    FOREIGN KEY (organization_id, customer_id) REFERENCES contacts (organization_id, id),
    FOREIGN KEY (organization_id, contract_contact_id) REFERENCES contacts (organization_id, id),
    FOREIGN KEY (organization_id, complaint_contact_id) REFERENCES contacts (organization_id, id),
    FOREIGN KEY (organization_id, escalation_contact_id) REFERENCES contacts (organization_id, id),
    FOREIGN KEY (organization_id, service_review_contact_id) REFERENCES contacts (organization_id, id),
    FOREIGN KEY (organization_id, emergency_contact_id) REFERENCES contacts (organization_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX agreements_supplier ON agreements (organization_id, supplier_id) WHERE supplier_id IS NOT NULL;
CREATE INDEX agreements_provider ON agreements (organization_id, provider_id) WHERE provider_id IS NOT NULL;
CREATE INDEX agreements_customer ON agreements (organization_id, customer_id) WHERE customer_id IS NOT NULL;
CREATE INDEX agreements_contract_contact ON agreements (organization_id, contract_contact_id) WHERE contract_contact_id IS NOT NULL;
CREATE INDEX agreements_complaint_contact ON agreements (organization_id, complaint_contact_id) WHERE complaint_contact_id IS NOT NULL;
CREATE INDEX agreements_escalation_contact ON agreements (organization_id, escalation_contact_id) WHERE escalation_contact_id IS NOT NULL;
CREATE INDEX agreements_service_review_contact ON agreements (organization_id, service_review_contact_id) WHERE service_review_contact_id IS NOT NULL;
CREATE INDEX agreements_emergency_contact ON agreements (organization_id, emergency_contact_id) WHERE emergency_contact_id IS NOT NULL;
CREATE INDEX agreements_valid_to ON agreements (organization_id, valid_to, id);
CREATE INDEX agreements_review_due ON agreements (organization_id, review_due, id);

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('agreements', 'agreements', '5000 5000 1'),
    ('agreements', 'agreements_supplier', '5000 5000 50'),
    ('agreements', 'agreements_provider', '5000 5000 50'),
    ('agreements', 'agreements_customer', '5000 5000 50'),
    ('agreements', 'agreements_contract_contact', '5000 5000 50'),
    ('agreements', 'agreements_complaint_contact', '5000 5000 50'),
    ('agreements', 'agreements_escalation_contact', '5000 5000 50'),
    ('agreements', 'agreements_service_review_contact', '5000 5000 50'),
    ('agreements', 'agreements_emergency_contact', '5000 5000 50'),
    ('agreements', 'agreements_valid_to', '5000 5000 625 1'),
    ('agreements', 'agreements_review_due', '5000 5000 625 1');
