-- Progress of changes to rows that SQL alone cannot make (data_steps.hpp), so that they continue where they stopped.

CREATE TABLE data_steps (
  name TEXT PRIMARY KEY,
  position BIGINT NOT NULL,               -- id of the last row that the step has looked at
  finished_at BIGINT
);

-- Imported texts are kept as Markdown so that they can be edited; `original` is the HTML that they were converted from.
ALTER TABLE post_bodies ADD COLUMN original TEXT;
ALTER TABLE comments ADD COLUMN original TEXT;
