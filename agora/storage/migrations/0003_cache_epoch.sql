-- The epoch of the Redis whose contents are valid. A relay writes it here first and then to Redis. One row.

CREATE TABLE cache_epoch (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  epoch TEXT NOT NULL                     -- 16 random digits, a colon, the run id of the Redis; empty: none yet
);
INSERT INTO cache_epoch (id, epoch) VALUES (1, '');
