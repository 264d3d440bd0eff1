-- What staff decided about issues that a check held back. The log has every decision; this is the newest of each issue.

CREATE TABLE reviews (
    issue   TEXT    PRIMARY KEY,                    -- the id under which the trends follow it
    verdict TEXT    NOT NULL CHECK (verdict IN ('released', 'confirmed')),
    reason  TEXT    NOT NULL,
    role    TEXT    NOT NULL,                       -- of who decided
    at      INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
