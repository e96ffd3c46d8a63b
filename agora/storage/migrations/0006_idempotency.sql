-- POST requests that carried an Idempotency-Key, and their responses; kept for a day. status 0: the response is not
-- known yet, or never will be, because the process died.
CREATE TABLE idempotent_requests (
  scope TEXT NOT NULL,                    -- the owner of the key, e.g. 'user:42'
  name TEXT NOT NULL,                     -- the key
  fingerprint TEXT NOT NULL,              -- HMAC-SHA256 of method, target and body
  status BIGINT NOT NULL DEFAULT 0,
  content_type TEXT NOT NULL DEFAULT '',
  location TEXT NOT NULL DEFAULT '',
  version BIGINT NOT NULL DEFAULT 0,
  body TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL,
  PRIMARY KEY (scope, name)
);
CREATE INDEX idempotent_requests_by_age ON idempotent_requests (created_at);
