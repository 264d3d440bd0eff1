-- Gather: what people ask for, who supports it, and what became of it. Times are seconds since 1970 (UTC).

CREATE TABLE flags (
    id          TEXT    PRIMARY KEY,               -- a ULID
    kind        TEXT    NOT NULL CHECK (kind IN ('issue', 'search', 'free')),
    evidence    TEXT    NOT NULL,                  -- the issue's id, the query of the search, or nothing
    want        TEXT    NOT NULL,                  -- "I want ..."
    because     TEXT    NOT NULL,                  -- "... because ..."
    raised_by   TEXT,                              -- an account; forgotten when it is erased
    raised_at   INTEGER NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('waiting', 'published', 'refused', 'merged', 'routed', 'closed')),
    state_said  TEXT    NOT NULL DEFAULT '',       -- the reason of the last decision
    leads_to    TEXT    NOT NULL DEFAULT '',       -- the flag it was merged into, or the body it was routed to
    target      INTEGER NOT NULL CHECK (target > 0),
    deadline    INTEGER NOT NULL,
    online      INTEGER NOT NULL DEFAULT 0,        -- supporters with an account, kept counted
    offline     INTEGER NOT NULL DEFAULT 0,        -- supporters on paper, kept counted
    version     INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE INDEX flags_by_state ON flags (state, raised_at);

CREATE TABLE supporters (
    flag    TEXT    NOT NULL REFERENCES flags (id) ON DELETE CASCADE,
    account TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (flag, account)
) STRICT, WITHOUT ROWID;

CREATE TABLE paper_supporters (
    flag   TEXT NOT NULL REFERENCES flags (id) ON DELETE CASCADE,
    person BLOB NOT NULL CHECK (length(person) = 32),  -- a keyed hash of name and reference: nobody's name is kept
    sheet  TEXT NOT NULL,                               -- where and when it was signed
    PRIMARY KEY (flag, person)
) STRICT, WITHOUT ROWID;

CREATE TABLE comments (
    id     TEXT    PRIMARY KEY,
    flag   TEXT    NOT NULL REFERENCES flags (id) ON DELETE CASCADE,
    words  TEXT    NOT NULL,
    by     TEXT,
    at     INTEGER NOT NULL,
    state  TEXT    NOT NULL CHECK (state IN ('waiting', 'published', 'removed')),
    said   TEXT    NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX comments_by_flag ON comments (flag, at);

CREATE TABLE secrets (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;
