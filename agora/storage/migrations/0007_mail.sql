-- Letters to send: written in the transaction that makes them due, so that none is lost and none is sent for what never
-- happened. The secret that a letter carries is made when it is sent, and never stands here.
CREATE TABLE letters (
  id {identity},
  purpose TEXT NOT NULL,                  -- 'verify', 'reset'
  user_id BIGINT REFERENCES users (id),   -- null: to nobody; it only takes as long to ask for
  email TEXT NOT NULL,
  tries BIGINT NOT NULL DEFAULT 0,
  due_at BIGINT NOT NULL,                 -- a node that sends it puts this off first: nobody else sends it meanwhile
  created_at BIGINT NOT NULL
);
CREATE INDEX letters_by_time ON letters (due_at, id);

CREATE TABLE one_time_tokens (
  hash TEXT PRIMARY KEY,                  -- SHA-256 of the token
  purpose TEXT NOT NULL,
  user_id BIGINT NOT NULL REFERENCES users (id),
  email TEXT NOT NULL,                    -- that it was sent to
  expires_at BIGINT NOT NULL
);
CREATE INDEX one_time_tokens_by_user ON one_time_tokens (user_id, purpose);
