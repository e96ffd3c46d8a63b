-- POSTs that carried an Idempotency-Key, and how they were answered; kept for a day. status 0: its answer is not known
-- yet, or never will be, because the process died.
CREATE TABLE idempotent_requests (
  scope TEXT NOT NULL,                    -- whose key it is: 'user:42'
  name TEXT NOT NULL,                     -- the key
  fingerprint TEXT NOT NULL,              -- SHA-256 of method, target and body
  status BIGINT NOT NULL DEFAULT 0,
  content_type TEXT NOT NULL DEFAULT '',
  location TEXT NOT NULL DEFAULT '',
  version BIGINT NOT NULL DEFAULT 0,
  body TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL,
  PRIMARY KEY (scope, name)
);
CREATE INDEX idempotent_requests_by_age ON idempotent_requests (created_at);
