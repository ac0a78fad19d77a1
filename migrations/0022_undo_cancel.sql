-- +goose Up

-- What a cancellation replaced, as JSON: the state the day was in, its reason and
-- the exception of its date. Without it the cancellation cannot be taken back.
ALTER TABLE market_days ADD COLUMN before_cancel TEXT NOT NULL DEFAULT '';

-- What the cancellation of a day takes away is marked, to be given back.
ALTER TABLE booths_claims ADD COLUMN cancelled BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE booths_assignments ADD COLUMN cancelled BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE booths_offers ADD COLUMN cancelled BOOLEAN NOT NULL DEFAULT FALSE;

-- +goose Down
ALTER TABLE booths_offers DROP COLUMN cancelled;
ALTER TABLE booths_assignments DROP COLUMN cancelled;
ALTER TABLE booths_claims DROP COLUMN cancelled;
ALTER TABLE market_days DROP COLUMN before_cancel;
