-- The API key that created this key; null: the member created it while signed in. Revoking a key also revokes the keys
-- that it created.
ALTER TABLE api_keys ADD COLUMN parent_id BIGINT;
CREATE INDEX api_keys_by_parent ON api_keys (parent_id) WHERE parent_id IS NOT NULL;
