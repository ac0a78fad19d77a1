-- +goose Up

-- desk_only: numbers of the line are given at the desk only, until the
-- organizer takes that back. suspect_at: when so many numbers were last taken
-- from one place that the organizer should look; no place is kept.
ALTER TABLE queue_lines ADD COLUMN desk_only BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE queue_lines ADD COLUMN suspect_at BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE queue_lines DROP COLUMN suspect_at;
ALTER TABLE queue_lines DROP COLUMN desk_only;
