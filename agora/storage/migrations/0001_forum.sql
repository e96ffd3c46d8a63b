-- Users, categories, tags, posts, comments, likes. The same SQL runs on SQLite and PostgreSQL; {identity} is replaced
-- by the dialect's auto-increment 64-bit primary key, whose numbers are never reused.
-- Times are milliseconds since 1970 UTC. A row whose deleted_at is set is soft-deleted: it stays, but no list shows it.
-- (source_id, external_id) identifies a row's origin in an imported community, so that a repeated import adds nothing.

CREATE TABLE import_sources (
  id {identity},
  name TEXT NOT NULL UNIQUE,
  imported_at BIGINT NOT NULL
);

CREATE TABLE users (
  id {identity},
  username TEXT NOT NULL UNIQUE,          -- lower case, [a-z0-9_.-]
  display_name TEXT NOT NULL,
  bio TEXT NOT NULL DEFAULT '',
  avatar_url TEXT NOT NULL DEFAULT '',
  role TEXT NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'moderator', 'admin')),
  followers BIGINT NOT NULL DEFAULT 0,
  following BIGINT NOT NULL DEFAULT 0,
  posts BIGINT NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  deleted_at BIGINT,
  source_id BIGINT,
  external_id BIGINT,
  UNIQUE (source_id, external_id)
);

CREATE TABLE categories (
  id {identity},
  slug TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  description TEXT NOT NULL DEFAULT '',
  posts BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE tags (
  id {identity},
  name TEXT NOT NULL UNIQUE,              -- [a-z0-9+#.-]
  posts BIGINT NOT NULL DEFAULT 0
);

-- Bodies are in a table of their own, so that list pages and counters never read or rewrite them.
CREATE TABLE posts (
  id {identity},
  author_id BIGINT NOT NULL REFERENCES users (id),
  category_id BIGINT REFERENCES categories (id),
  title TEXT NOT NULL,
  excerpt TEXT NOT NULL,
  tags TEXT NOT NULL DEFAULT '',          -- names, sorted, joined by one space; post_tags is the index over it
  likes BIGINT NOT NULL DEFAULT 0,
  views BIGINT NOT NULL DEFAULT 0,
  comments BIGINT NOT NULL DEFAULT 0,
  version BIGINT NOT NULL DEFAULT 1,      -- incremented by each edit, never by a counter
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  active_at BIGINT NOT NULL,              -- time of the newest activity: the post itself or a comment
  deleted_at BIGINT,
  source_id BIGINT,
  external_id BIGINT,
  UNIQUE (source_id, external_id)
);
CREATE INDEX posts_new ON posts (created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX posts_top ON posts (likes, id) WHERE deleted_at IS NULL;
CREATE INDEX posts_active ON posts (active_at, id) WHERE deleted_at IS NULL;
CREATE INDEX posts_by_author ON posts (author_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX posts_by_category ON posts (category_id, created_at, id) WHERE deleted_at IS NULL;

CREATE TABLE post_bodies (
  post_id BIGINT PRIMARY KEY REFERENCES posts (id),
  body TEXT NOT NULL,                     -- Markdown as written; for imported posts the sanitised HTML
  body_html TEXT NOT NULL                 -- sanitised
);

CREATE TABLE post_tags (
  tag_id BIGINT NOT NULL REFERENCES tags (id),
  post_id BIGINT NOT NULL REFERENCES posts (id),
  PRIMARY KEY (tag_id, post_id)
);
CREATE INDEX post_tags_by_post ON post_tags (post_id);

CREATE TABLE comments (
  id {identity},
  post_id BIGINT NOT NULL REFERENCES posts (id),
  parent_id BIGINT REFERENCES comments (id),
  root_id BIGINT,                         -- the top-level comment above; null on a top-level comment
  depth BIGINT NOT NULL DEFAULT 0,
  author_id BIGINT NOT NULL REFERENCES users (id),
  body TEXT NOT NULL,
  body_html TEXT NOT NULL,
  likes BIGINT NOT NULL DEFAULT 0,
  version BIGINT NOT NULL DEFAULT 1,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  deleted_at BIGINT,
  source_id BIGINT,
  external_id BIGINT,
  UNIQUE (source_id, external_id)
);
CREATE INDEX comments_by_post ON comments (post_id, created_at, id);
CREATE INDEX comments_top_level ON comments (post_id, created_at, id) WHERE parent_id IS NULL;
CREATE INDEX comments_by_root ON comments (root_id, created_at, id);
CREATE INDEX comments_by_author ON comments (author_id);

-- The rows of likes are authoritative; posts.likes and comments.likes are their counts. Imported likes have no user.
CREATE TABLE likes (
  id {identity},
  post_id BIGINT REFERENCES posts (id),
  comment_id BIGINT REFERENCES comments (id),
  user_id BIGINT REFERENCES users (id),
  created_at BIGINT NOT NULL,
  source_id BIGINT,
  external_id BIGINT,
  UNIQUE (source_id, external_id),
  UNIQUE (post_id, user_id),
  UNIQUE (comment_id, user_id)
);

-- The built-in admin: requests that carry the service token act as this user.
INSERT INTO users (username, display_name, role, created_at) VALUES ('agora', 'Agora', 'admin', 0);
