-- Who may do what, and the log of who decided what and why. Times are seconds since 1970 (UTC).

CREATE TABLE accounts (
    id            TEXT    PRIMARY KEY,              -- a ULID
    name          TEXT    NOT NULL,                 -- as the person wants to be called; staff see it, the public sees the role
    email         TEXT    UNIQUE COLLATE NOCASE,    -- what a local account signs in with
    role          TEXT    NOT NULL CHECK (role IN ('public', 'viewer', 'analyst', 'organiser', 'moderator', 'admin')),
    password      TEXT,                             -- PHC string of argon2id
    second_factor BLOB,                             -- the shared secret of RFC 6238
    last_step     INTEGER NOT NULL DEFAULT 0,       -- the last step whose code was taken: a code is taken once
    issuer        TEXT,                             -- who vouches for an account that signs in elsewhere (OpenID Connect)
    subject       TEXT,                             -- what the issuer calls it
    failures      INTEGER NOT NULL DEFAULT 0,       -- wrong passwords since the last right one
    locked_until  INTEGER NOT NULL DEFAULT 0,
    is_disabled   INTEGER NOT NULL DEFAULT 0 CHECK (is_disabled IN (0, 1)),
    created_at    INTEGER NOT NULL,
    version       INTEGER NOT NULL DEFAULT 1,
    UNIQUE (issuer, subject)
) STRICT;

CREATE TABLE invitations (
    hash          BLOB    PRIMARY KEY,              -- of the token in the link
    account       TEXT    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    second_factor BLOB    NOT NULL,                 -- offered with the invitation, kept when it is accepted
    expires_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    hash       BLOB    PRIMARY KEY,                 -- of the token in the cookie
    account    TEXT    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE audit (
    seq          INTEGER PRIMARY KEY,               -- 1, 2, 3 without gaps
    at           INTEGER NOT NULL,
    part         TEXT    NOT NULL CHECK (part IN ('public', 'staff')),
    role         TEXT    NOT NULL,                  -- of who acted, or 'operator' for the command line and 'clock' for a deadline
    account      TEXT,                              -- who acted; no reference, because entries outlive accounts
    action       TEXT    NOT NULL,
    kind         TEXT    NOT NULL,                  -- what it was done to
    subject      TEXT    NOT NULL,
    reason       TEXT,
    detail       TEXT    NOT NULL,                  -- JSON
    content_hash BLOB    NOT NULL,                  -- of all the above
    hash         BLOB    NOT NULL                   -- of the hash before and of content_hash
) STRICT;

CREATE INDEX audit_by_subject ON audit (kind, subject);

CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is never changed'); END;

CREATE TRIGGER audit_is_never_shortened BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is never shortened'); END;
