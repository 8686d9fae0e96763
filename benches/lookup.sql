select * from services s join objects o on o.organization_id = s.organization_id and o.id = s.id where s.organization_id = :organization and s.id = :id;
