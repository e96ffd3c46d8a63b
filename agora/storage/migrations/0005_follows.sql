-- Follows between users. users.followers and users.following are counts of these rows.
CREATE TABLE follows (
  follower_id BIGINT NOT NULL REFERENCES users (id),
  followed_id BIGINT NOT NULL REFERENCES users (id),
  created_at BIGINT NOT NULL,
  PRIMARY KEY (follower_id, followed_id)
);
CREATE INDEX follows_by_followed ON follows (followed_id, follower_id);
