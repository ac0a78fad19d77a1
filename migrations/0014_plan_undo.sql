-- +goose Up

-- before: how things stood before a decision, until it is undone; empty where
-- there is nothing to undo.
ALTER TABLE booths_changes ADD COLUMN before TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE booths_changes DROP COLUMN before;
