-- The head of a ledger moves on with the ledger and never back, is another one only with another entry, and a closed ledger stays
-- closed.
CREATE FUNCTION head_moves_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the head of a ledger only moves on';
END
$$;
CREATE TRIGGER tenants_forward BEFORE UPDATE ON tenants FOR EACH ROW
WHEN (NEW.organization_id <> OLD.organization_id OR NEW.seq < OLD.seq OR NEW.open > OLD.open
    OR (NEW.seq = OLD.seq AND (NEW.hash <> OLD.hash OR NEW.at <> OLD.at)))
EXECUTE FUNCTION head_moves_on();
