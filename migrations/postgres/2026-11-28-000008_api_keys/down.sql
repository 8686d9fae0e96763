DROP TABLE api_key_secrets;
DROP TABLE api_keys;
DELETE FROM objects WHERE kind = 'api_key';
