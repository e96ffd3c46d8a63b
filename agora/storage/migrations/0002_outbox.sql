-- What a change has made untrue, told in the change's own transaction and applied after its commit. A row stands here
-- until it is known to be applied. Rows of kind 'parked' could not be read.

CREATE TABLE outbox (
  id {identity},
  kind TEXT NOT NULL,                     -- 'invalidate'
  payload TEXT NOT NULL,                  -- JSON; of 'invalidate': {"keys":[...],"tags":[...]}
  created_at BIGINT NOT NULL
);
