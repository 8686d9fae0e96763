-- Service level agreements, operational level agreements and underpinning contracts.
CREATE TABLE agreements (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    supplier_id uuid,
    provider_id uuid,
    customer_id uuid,
    services jsonb NOT NULL,
    components jsonb NOT NULL,
    rto_seconds bigint,
    rpo_seconds bigint,
    availability_percent double precision,
    support_hours text COLLATE "C",
    valid_from text COLLATE "C",
    valid_to text COLLATE "C",
    notice_period_days bigint,
    review_due text COLLATE "C",
    contract_contact_id uuid,
    complaint_contact_id uuid,
    escalation_contact_id uuid,
    service_review_contact_id uuid,
    emergency_contact_id uuid,
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
);
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
