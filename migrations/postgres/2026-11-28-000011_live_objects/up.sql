-- Whether an object belongs to the present landscape: what is planned, a draft or retired carries no objectives down and stands in
-- for nobody. Effective objectives follow anew at the next start.
ALTER TABLE objects ADD COLUMN live boolean NOT NULL DEFAULT true;
UPDATE objects SET live = false WHERE EXISTS (SELECT 1 FROM services s
    WHERE s.organization_id = objects.organization_id AND s.id = objects.id AND s.lifecycle <> 'live');
UPDATE objects SET live = false WHERE EXISTS (SELECT 1 FROM components c
    WHERE c.organization_id = objects.organization_id AND c.id = objects.id AND c.lifecycle <> 'in_service');
UPDATE objects SET live = false WHERE EXISTS (SELECT 1 FROM business_processes p
    WHERE p.organization_id = objects.organization_id AND p.id = objects.id AND p.status <> 'active');
