DROP TRIGGER tenants_forward ON tenants;
DROP FUNCTION head_moves_on();
