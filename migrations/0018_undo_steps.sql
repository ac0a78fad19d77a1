-- +goose Up

-- Steps of a day's life that a person took back: they leave the transitions, so
-- that each state is entered once by what counts, and stay in the history.
CREATE TABLE market_day_undone (
    day_id       TEXT   NOT NULL REFERENCES market_days (id),
    n            BIGINT NOT NULL CHECK (n > 0),
    seq          BIGINT NOT NULL, -- the place it had among the transitions
    state        TEXT   NOT NULL,
    effective_at BIGINT NOT NULL,
    recorded_at  BIGINT NOT NULL,
    why          TEXT   NOT NULL,
    undone_at    BIGINT NOT NULL,
    undone_by    TEXT   NOT NULL, -- a person's handle
    PRIMARY KEY (day_id, n),
    CHECK (undone_at >= recorded_at)
);

-- A day that was closed early is not told as over before then: the organizer
-- may still take it back.
ALTER TABLE queue_days ADD COLUMN undo_until BIGINT NOT NULL DEFAULT 0;

-- What an organizer's early step causes is held until then.
ALTER TABLE notify_days ADD COLUMN hold_until BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE notify_days DROP COLUMN hold_until;
ALTER TABLE queue_days DROP COLUMN undo_until;
DROP TABLE market_day_undone;
