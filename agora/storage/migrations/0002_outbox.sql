-- The invalidations that a change causes. They are written in the change's own transaction and applied after it has
-- committed. A row stays until its invalidations are known to be applied. Rows of kind 'parked' could not be parsed.

CREATE TABLE outbox (
  id {identity},
  kind TEXT NOT NULL,                     -- 'invalidate'
  payload TEXT NOT NULL,                  -- JSON; for 'invalidate': {"keys":[...],"tags":[...]}
  created_at BIGINT NOT NULL
);
