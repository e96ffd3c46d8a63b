-- Accounts and their credentials. A user without an account (the operator, an imported author) cannot sign in.
-- Reading these tables does not let anyone sign in: passwords and keys are stored as hashes, tokens only by their ids.

CREATE TABLE accounts (
  user_id BIGINT PRIMARY KEY REFERENCES users (id),
  email TEXT NOT NULL,                    -- lower case; unique among verified addresses
  email_verified_at BIGINT,
  password_hash TEXT NOT NULL,            -- argon2id, as a PHC string
  password_changed_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE UNIQUE INDEX accounts_by_verified_email ON accounts (email) WHERE email_verified_at IS NOT NULL;
CREATE INDEX accounts_by_email ON accounts (email);

-- A sign-in with tokens is a family of refresh tokens that replace each other. Only the current token is valid; the one
-- before it stays valid for some seconds, because the response that carried its successor may have been lost.
CREATE TABLE sign_ins (
  id TEXT PRIMARY KEY,                    -- the `sid` claim of its tokens
  user_id BIGINT NOT NULL REFERENCES users (id),
  current_jti TEXT NOT NULL,
  previous_jti TEXT NOT NULL DEFAULT '',
  rotated_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  revoked_at BIGINT,
  address TEXT NOT NULL,
  agent TEXT NOT NULL
);
CREATE INDEX sign_ins_by_user ON sign_ins (user_id, created_at);

CREATE TABLE api_keys (
  id {identity},
  user_id BIGINT NOT NULL REFERENCES users (id),
  name TEXT NOT NULL,
  hash TEXT NOT NULL UNIQUE,              -- SHA-256 of the key
  read_only BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT,
  revoked_at BIGINT
);
CREATE INDEX api_keys_by_user ON api_keys (user_id, id);

-- Security events of accounts. Append-only.
CREATE TABLE security_events (
  id {identity},
  at BIGINT NOT NULL,
  event TEXT NOT NULL,                    -- 'signed_in', 'sign_in_failed', 'password_changed', 'token_reused', ...
  user_id BIGINT,                         -- the account concerned; null: no account
  actor_id BIGINT,                        -- the user who caused the event
  address TEXT NOT NULL,
  request_id TEXT NOT NULL,
  detail TEXT NOT NULL DEFAULT ''
);
CREATE INDEX security_events_by_user ON security_events (user_id, id);
