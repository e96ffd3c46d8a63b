-- Row numbers of the outbox are chosen by the process that writes the row (outbox.hpp): the insert need not return the
-- number, and SQLite need not keep a counter.

CREATE TABLE numbered_outbox (
  id {key},
  kind TEXT NOT NULL,                     -- 'invalidate'; 'parked': could not be parsed
  payload TEXT NOT NULL,                  -- JSON; for 'invalidate': {"keys":[...],"tags":[...]}
  created_at BIGINT NOT NULL
);
INSERT INTO numbered_outbox SELECT id, kind, payload, created_at FROM outbox;
DROP TABLE outbox;
ALTER TABLE numbered_outbox RENAME TO outbox;
