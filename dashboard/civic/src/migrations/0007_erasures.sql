-- Erasures: what was asked for, how far it is, and its certificate. Times are seconds since 1970 (UTC).

CREATE TABLE erasures (
    id          TEXT    PRIMARY KEY,               -- a ULID
    asked_at    INTEGER NOT NULL,
    role        TEXT    NOT NULL,                  -- of who asked
    what        TEXT    NOT NULL,                  -- JSON: pseudonyms and ids; emptied when it is done
    found       TEXT    NOT NULL,                  -- JSON: how much was found where before
    reason      TEXT    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed')),
    step        TEXT    NOT NULL DEFAULT '',       -- what is being done now, or what went wrong
    done_at     INTEGER,
    certificate TEXT                               -- JSON: how much was removed where; nothing of anybody
) STRICT;

-- Accounts that were erased are known by their id, so that a restored backup can be cleaned of them.
CREATE TABLE erased_with_accounts (
    kind TEXT    NOT NULL CHECK (kind IN ('author', 'post', 'account')),
    key  BLOB    NOT NULL CHECK (length(key) = 16),
    at   INTEGER NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
INSERT INTO erased_with_accounts SELECT kind, key, at FROM erased;
DROP TABLE erased;
ALTER TABLE erased_with_accounts RENAME TO erased;
