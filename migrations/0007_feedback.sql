-- +goose Up

-- What residents said about a day. Anonymous: no card, no number, nothing that
-- leads to a person; line_id says which service is meant, '' the whole day.
CREATE TABLE queue_feedback (
    id           TEXT   PRIMARY KEY,
    day_id       TEXT   NOT NULL REFERENCES queue_days (id),
    line_id      TEXT   NOT NULL,
    mark         TEXT   NOT NULL CHECK (mark IN ('good', 'fair', 'poor')),
    words        TEXT   NOT NULL,
    at           BIGINT NOT NULL
);
CREATE INDEX queue_feedback_day ON queue_feedback (day_id, at);

-- +goose Down
DROP TABLE queue_feedback;
