-- Accounts, and what signs them in. A user without an account (the operator, an imported author) cannot sign in.
-- Nothing here is good for signing in to whoever reads it: passwords and keys are hashes, tokens are named by their ids.

CREATE TABLE accounts (
  user_id BIGINT PRIMARY KEY REFERENCES users (id),
  email TEXT NOT NULL,                    -- lower case; one account's own once it is verified
  email_verified_at BIGINT,
  password_hash TEXT NOT NULL,            -- argon2id, as a PHC string
  password_changed_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE UNIQUE INDEX accounts_by_verified_email ON accounts (email) WHERE email_verified_at IS NOT NULL;
CREATE INDEX accounts_by_email ON accounts (email);

-- A sign-in by token: the family of refresh tokens that follow each other. Only the current one is good; the one before
-- it for some seconds more, as its answer may have got lost.
CREATE TABLE sign_ins (
  id TEXT PRIMARY KEY,                    -- `sid` of its tokens
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

-- What happened to accounts; only ever appended to.
CREATE TABLE security_events (
  id {identity},
  at BIGINT NOT NULL,
  event TEXT NOT NULL,                    -- 'signed_in', 'sign_in_failed', 'password_changed', 'token_reused', ...
  user_id BIGINT,                         -- whose account; null: nobody's
  actor_id BIGINT,                        -- who did it
  address TEXT NOT NULL,
  request_id TEXT NOT NULL,
  detail TEXT NOT NULL DEFAULT ''
);
CREATE INDEX security_events_by_user ON security_events (user_id, id);
