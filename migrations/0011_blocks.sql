-- +goose Up

-- A run of numbers of one line, lent to one device at the desk before the
-- network fails: what it gives away without us cannot meet what we give.
-- Numbers of a block without a ticket are the only gaps a line may have.
CREATE TABLE queue_blocks (
    id        TEXT    PRIMARY KEY,
    line_id   TEXT    NOT NULL REFERENCES queue_lines (id),
    device    TEXT    NOT NULL CHECK (device <> ''),
    by_whom   TEXT    NOT NULL,
    asked     INTEGER NOT NULL, -- how many were asked for; a stock line may have had fewer
    first     INTEGER NOT NULL CHECK (first >= 1),
    last      INTEGER NOT NULL CHECK (last >= first),
    leased_at BIGINT  NOT NULL,
    ended_at  BIGINT  NOT NULL,
    issue_key TEXT    NOT NULL UNIQUE,
    UNIQUE (line_id, first)
);
CREATE INDEX queue_blocks_device ON queue_blocks (line_id, device);

-- Numbers of the line that lie in blocks and have no ticket (yet).
ALTER TABLE queue_lines ADD COLUMN blocked INTEGER NOT NULL DEFAULT 0 CHECK (blocked >= 0);
-- The pieces among them that are kept for living blocks.
ALTER TABLE queue_lines ADD COLUMN kept INTEGER NOT NULL DEFAULT 0 CHECK (kept >= 0);

-- +goose Down
ALTER TABLE queue_lines DROP COLUMN kept;
ALTER TABLE queue_lines DROP COLUMN blocked;
DROP TABLE queue_blocks;
