-- Rows of the outbox are numbered by who writes them (outbox.hpp): an insert need not tell the number, and SQLite keeps no
-- count.

CREATE TABLE numbered_outbox (
  id {key},
  kind TEXT NOT NULL,                     -- 'invalidate'; 'parked': could not be read
  payload TEXT NOT NULL,                  -- JSON; of 'invalidate': {"keys":[...],"tags":[...]}
  created_at BIGINT NOT NULL
);
INSERT INTO numbered_outbox SELECT id, kind, payload, created_at FROM outbox;
DROP TABLE outbox;
ALTER TABLE numbered_outbox RENAME TO outbox;
