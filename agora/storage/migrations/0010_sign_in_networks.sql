-- The networks from which an account has been signed in to. Failed attempts from other networks never slow down a
-- sign-in from one of these. Only the 20 most recent networks of each account are kept; a new password deletes them.
CREATE TABLE sign_in_networks (
  user_id BIGINT NOT NULL REFERENCES accounts (user_id),
  network TEXT NOT NULL,                  -- an IPv4 address, or the /64 prefix of an IPv6 address
  seen_at BIGINT NOT NULL,                -- accurate to a day
  PRIMARY KEY (user_id, network)
);
