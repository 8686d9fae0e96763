ALTER TABLE settings DROP COLUMN deleted_contacts_days;
ALTER TABLE contacts DROP COLUMN erased_at;
