-- What searches for members look at: the display name, its case folded by the program (markup/fold.hpp), so that every
-- database answers alike. A data step fills it for rows that are older; the username is folded already.
ALTER TABLE users ADD COLUMN folded_name TEXT NOT NULL DEFAULT '';
