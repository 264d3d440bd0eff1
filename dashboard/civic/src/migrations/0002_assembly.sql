-- From an issue to the Board's answer. Times are seconds since 1970 (UTC), days are those of Europe/London (YYYY-MM-DD).

CREATE TABLE cycles (
    id         TEXT    PRIMARY KEY,                 -- a ULID
    name       TEXT    NOT NULL,
    meets_at   INTEGER NOT NULL,                    -- when the Assembly meets
    place      TEXT    NOT NULL,
    rules      TEXT    NOT NULL,                    -- JSON: gates and weights as they were configured when the cycle began
    gate       INTEGER NOT NULL DEFAULT 0,          -- the gate that is open, counted from 0
    closes_at  INTEGER,                             -- when the vote at the open gate ends
    state      TEXT    NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'agreed', 'held')),
    created_at INTEGER NOT NULL,
    version    INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE candidates (
    id         TEXT    PRIMARY KEY,                 -- a ULID
    cycle      TEXT    NOT NULL REFERENCES cycles (id),
    label      TEXT    NOT NULL,
    issue      TEXT,                                -- of Discovery
    flag       TEXT,                                -- of Gather
    why        TEXT    NOT NULL,                    -- why it was put forward
    inputs     TEXT    NOT NULL,                    -- JSON: what the score is made from
    score      REAL    NOT NULL,                    -- 0 to 100
    gate       INTEGER NOT NULL DEFAULT 0,          -- the gate that it has come to
    state      TEXT    NOT NULL DEFAULT 'standing'
               CHECK (state IN ('standing', 'failed', 'routed', 'withdrawn', 'chosen')),
    rank       INTEGER,                             -- given by the gate that it passed last, from 0
    pin        INTEGER,                             -- where a person put it instead, from 0
    pin_reason TEXT,
    created_at INTEGER NOT NULL,
    version    INTEGER NOT NULL DEFAULT 1,
    UNIQUE (cycle, issue),
    UNIQUE (cycle, flag),
    CHECK (issue IS NOT NULL OR flag IS NOT NULL)
) STRICT;

CREATE TABLE decisions (
    seq       INTEGER PRIMARY KEY,
    candidate TEXT    NOT NULL REFERENCES candidates (id),
    gate      INTEGER NOT NULL,
    outcome   TEXT    NOT NULL CHECK (outcome IN ('passed', 'failed', 'routed', 'withdrawn', 'reinstated')),
    body      TEXT,                                 -- where it was routed to
    by_hand   INTEGER NOT NULL CHECK (by_hand IN (0, 1)), -- a person decided otherwise than the count would have
    detail    TEXT    NOT NULL,                     -- JSON: the score as it was then, and what the gate found
    role      TEXT    NOT NULL,
    at        INTEGER NOT NULL,
    reason    TEXT    NOT NULL
) STRICT;

CREATE INDEX decisions_by_candidate ON decisions (candidate);

CREATE TABLE votes (
    cycle     TEXT    NOT NULL REFERENCES cycles (id),
    gate      INTEGER NOT NULL,
    voter     TEXT    NOT NULL,                     -- an account, or after an erasure a random id
    candidate TEXT    NOT NULL REFERENCES candidates (id),
    PRIMARY KEY (cycle, gate, voter, candidate)
) STRICT;

CREATE TABLE juries (
    cycle      TEXT    NOT NULL REFERENCES cycles (id),
    gate       INTEGER NOT NULL,
    size       INTEGER NOT NULL,
    chosen_how TEXT    NOT NULL,                    -- how the jurors were found
    entered_at INTEGER NOT NULL,
    PRIMARY KEY (cycle, gate)
) STRICT;

CREATE TABLE jury_ranks (
    cycle     TEXT    NOT NULL,
    gate      INTEGER NOT NULL,
    rank      INTEGER NOT NULL,                     -- from 0
    candidate TEXT    NOT NULL REFERENCES candidates (id),
    reason    TEXT    NOT NULL,
    PRIMARY KEY (cycle, gate, rank),
    UNIQUE (cycle, gate, candidate),
    FOREIGN KEY (cycle, gate) REFERENCES juries (cycle, gate) ON DELETE CASCADE
) STRICT;

CREATE TABLE quotes (
    id            TEXT    PRIMARY KEY,              -- a ULID
    post          TEXT,                             -- gone with the words
    issue         TEXT,                             -- of Discovery
    stance        TEXT    NOT NULL CHECK (stance IN ('view', 'counter')),
    words         TEXT,                             -- gone when it is withdrawn
    is_paraphrase INTEGER NOT NULL CHECK (is_paraphrase IN (0, 1)),
    salt          BLOB,                             -- gone with the words: what is left says nothing about them
    seal          BLOB    NOT NULL,                 -- blake3 of salt and words
    channel       TEXT    NOT NULL,
    said_on       TEXT    NOT NULL,
    approved_by   TEXT,                             -- an account; gone when it is erased
    approved_role TEXT    NOT NULL,
    approved_at   INTEGER NOT NULL,
    reason        TEXT    NOT NULL,
    withdrawn_at  INTEGER,
    withdrawn_why TEXT,
    version       INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE INDEX quotes_by_post ON quotes (post);
CREATE INDEX quotes_by_issue ON quotes (issue);

CREATE TABLE packs (
    id        TEXT    PRIMARY KEY,                  -- a ULID
    candidate TEXT    NOT NULL REFERENCES candidates (id),
    content   TEXT    NOT NULL,                     -- JSON, byte by byte what the hash was made from
    hash      BLOB    NOT NULL,                     -- blake3
    role      TEXT    NOT NULL,
    frozen_at INTEGER NOT NULL
) STRICT;

CREATE TRIGGER packs_are_never_changed BEFORE UPDATE ON packs
BEGIN SELECT RAISE(ABORT, 'an evidence pack is never changed'); END;

CREATE TABLE answers (
    id          TEXT    PRIMARY KEY,                -- a ULID
    candidate   TEXT    NOT NULL UNIQUE REFERENCES candidates (id),
    owner       TEXT    NOT NULL,                   -- an office, not a person
    due_on      TEXT    NOT NULL,
    response    TEXT,
    answered_at INTEGER,
    asked_at    INTEGER NOT NULL,
    changed_at  INTEGER NOT NULL,                   -- when anything of it was last written
    version     INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE actions (
    id         TEXT    PRIMARY KEY,                 -- a ULID
    answer     TEXT    NOT NULL REFERENCES answers (id),
    what       TEXT    NOT NULL,
    owner      TEXT    NOT NULL,
    due_on     TEXT    NOT NULL,
    done_at    INTEGER,
    changed    TEXT                                 -- what is different since
) STRICT;

CREATE INDEX actions_by_answer ON actions (answer);
