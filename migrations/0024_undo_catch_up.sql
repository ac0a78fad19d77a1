-- +goose Up

-- What the market's new ground and standing partners replaced on a day that had
-- its own already, as JSON, to be taken back: when, the ground, the claims made.
ALTER TABLE booths_days ADD COLUMN earlier TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE booths_days DROP COLUMN earlier;
