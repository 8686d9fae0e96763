DROP TRIGGER tenants_forward;
