-- The networks from which an account was signed in to. Guessing elsewhere never slows down a sign-in from one of them.
-- Only the 20 most recent of each account are kept; a new password forgets them.
CREATE TABLE sign_in_networks (
  user_id BIGINT NOT NULL REFERENCES accounts (user_id),
  network TEXT NOT NULL,                  -- an IPv4 address, or an IPv6 /64
  seen_at BIGINT NOT NULL,                -- exact to a day
  PRIMARY KEY (user_id, network)
);
