-- The column that member search looks at: the display name, case-folded by the program (markup/fold.hpp), so that both
-- databases return the same results. A data step fills it for older rows. The username is always in folded form.
ALTER TABLE users ADD COLUMN folded_name TEXT NOT NULL DEFAULT '';
