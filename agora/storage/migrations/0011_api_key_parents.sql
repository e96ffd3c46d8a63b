-- The key that made a key; null: the member did, signed in. Revoking a key revokes what it has made.
ALTER TABLE api_keys ADD COLUMN parent_id BIGINT;
CREATE INDEX api_keys_by_parent ON api_keys (parent_id) WHERE parent_id IS NOT NULL;
