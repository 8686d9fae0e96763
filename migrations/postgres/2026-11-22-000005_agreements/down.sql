DROP TABLE agreements;
DELETE FROM objects WHERE kind = 'agreement';
