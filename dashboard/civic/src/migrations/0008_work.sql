-- Staff's own work on posts and issues. Times are seconds since 1970 (UTC).

CREATE TABLE tasks (
    kind       TEXT    NOT NULL CHECK (kind IN ('issue', 'post')),
    subject    TEXT    NOT NULL,                  -- the id of the issue or of the post
    author     TEXT,                              -- the pseudonym of who wrote the post: what is noted about it goes with its author
    assignee   TEXT    REFERENCES accounts (id) ON DELETE SET NULL,
    status     TEXT    NOT NULL CHECK (status IN ('open', 'doing', 'waiting', 'done')),
    changed_at INTEGER NOT NULL,
    version    INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (kind, subject)
) STRICT;

CREATE INDEX tasks_by_assignee ON tasks (assignee, status);
CREATE INDEX tasks_by_author ON tasks (author);

CREATE TABLE notes (
    id      TEXT    PRIMARY KEY,                  -- a ULID
    kind    TEXT    NOT NULL,
    subject TEXT    NOT NULL,
    words   TEXT    NOT NULL,
    by      TEXT    REFERENCES accounts (id) ON DELETE SET NULL,
    at      INTEGER NOT NULL,                     -- of the last change
    version INTEGER NOT NULL DEFAULT 1,
    FOREIGN KEY (kind, subject) REFERENCES tasks (kind, subject) ON DELETE CASCADE
) STRICT;

CREATE INDEX notes_by_subject ON notes (kind, subject, id);

CREATE TABLE searches (
    id        TEXT    PRIMARY KEY,
    name      TEXT    NOT NULL,
    query     TEXT    NOT NULL,                   -- what stands behind the ? of a search's address
    owner     TEXT    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    is_shared INTEGER NOT NULL CHECK (is_shared IN (0, 1)),
    at        INTEGER NOT NULL,
    version   INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE collections (
    id         TEXT    PRIMARY KEY,
    name       TEXT    NOT NULL,
    about      TEXT    NOT NULL,
    begun_at   INTEGER NOT NULL,
    version    INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE collected (
    collection TEXT    NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    kind       TEXT    NOT NULL DEFAULT 'post' CHECK (kind = 'post'),
    post       TEXT    NOT NULL,
    why        TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    PRIMARY KEY (collection, post),
    FOREIGN KEY (kind, post) REFERENCES tasks (kind, subject) ON DELETE CASCADE
) STRICT;

CREATE INDEX collected_by_post ON collected (kind, post);
