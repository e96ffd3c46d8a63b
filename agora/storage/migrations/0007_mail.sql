-- Emails to send. A row is written in the transaction that makes the email due, so that no email is lost and none is
-- sent for a change that was rolled back. The secret in an email is created when it is sent and is never stored here.
CREATE TABLE letters (
  id {identity},
  purpose TEXT NOT NULL,                  -- 'verify', 'reset'
  user_id BIGINT REFERENCES users (id),   -- null: not sent; keeps the response time the same for unknown addresses
  email TEXT NOT NULL,
  tries BIGINT NOT NULL DEFAULT 0,
  due_at BIGINT NOT NULL,                 -- the sending node postpones this first, so that no other node sends it
  created_at BIGINT NOT NULL
);
CREATE INDEX letters_by_time ON letters (due_at, id);

CREATE TABLE one_time_tokens (
  hash TEXT PRIMARY KEY,                  -- SHA-256 of the token
  purpose TEXT NOT NULL,
  user_id BIGINT NOT NULL REFERENCES users (id),
  email TEXT NOT NULL,                    -- the address it was sent to
  expires_at BIGINT NOT NULL
);
CREATE INDEX one_time_tokens_by_user ON one_time_tokens (user_id, purpose);
