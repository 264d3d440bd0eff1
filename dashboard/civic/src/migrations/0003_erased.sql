-- What was erased, by pseudonym and id only: for restored backups, and so that it is not taken in again.

CREATE TABLE erased (
    kind TEXT    NOT NULL CHECK (kind IN ('author', 'post')),
    key  BLOB    NOT NULL CHECK (length(key) = 16),
    at   INTEGER NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
