-- Recovery tiers, and the processes and services that name one.
CREATE TABLE recovery_tiers (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    rank bigint NOT NULL,
    rto_seconds bigint,
    rpo_seconds bigint,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES objects (organization_id, id) ON DELETE CASCADE
);

ALTER TABLE business_processes ADD COLUMN recovery_tier_id uuid;
ALTER TABLE business_processes ADD FOREIGN KEY (organization_id, recovery_tier_id) REFERENCES recovery_tiers (organization_id, id);
CREATE INDEX business_processes_recovery_tier ON business_processes (organization_id, recovery_tier_id) WHERE recovery_tier_id IS NOT NULL;
ALTER TABLE services ADD COLUMN recovery_tier_id uuid;
ALTER TABLE services ADD FOREIGN KEY (organization_id, recovery_tier_id) REFERENCES recovery_tiers (organization_id, id);
CREATE INDEX services_recovery_tier ON services (organization_id, recovery_tier_id) WHERE recovery_tier_id IS NOT NULL;
