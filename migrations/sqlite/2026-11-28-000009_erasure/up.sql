-- When the personal data of a contact was erased, and how long that of deleted contacts is kept.
ALTER TABLE contacts ADD COLUMN erased_at INTEGER;
ALTER TABLE settings ADD COLUMN deleted_contacts_days INTEGER;
