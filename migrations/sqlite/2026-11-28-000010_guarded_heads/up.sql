-- The head of a ledger moves on with the ledger and never back, is another one only with another entry, and a closed ledger stays
-- closed.
CREATE TRIGGER tenants_forward BEFORE UPDATE ON tenants
WHEN NEW.organization_id IS NOT OLD.organization_id OR NEW.seq < OLD.seq OR NEW.open > OLD.open
    OR (NEW.seq = OLD.seq AND (NEW.hash IS NOT OLD.hash OR NEW.at IS NOT OLD.at))
BEGIN SELECT RAISE(ABORT, 'the head of a ledger only moves on'); END;
