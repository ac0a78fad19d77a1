-- +goose Up

-- What happened on a market day beside the numbers (突发情况): when, and in
-- words. Contacts are taken out of the words; a note can be taken back for ten
-- minutes after it was written.
CREATE TABLE queue_incidents (
    id       TEXT   PRIMARY KEY,
    day_id   TEXT   NOT NULL REFERENCES queue_days (id),
    at       BIGINT NOT NULL,
    words    TEXT   NOT NULL CHECK (words <> ''),
    noted_at BIGINT NOT NULL
);
CREATE INDEX queue_incidents_day ON queue_incidents (day_id, at);

-- +goose Down
DROP TABLE queue_incidents;
