-- +goose Up

-- Which served numbers have said how it was: each once. What they said stands
-- in queue_feedback, and no row of it leads to a number.
CREATE TABLE queue_feedback_given (
    line_id TEXT    NOT NULL,
    number  INTEGER NOT NULL,
    PRIMARY KEY (line_id, number),
    FOREIGN KEY (line_id, number) REFERENCES queue_tickets (line_id, number)
);
-- apart: said without a served number; shown, never counted. What was said
-- before this was asked about is counted as it was.
ALTER TABLE queue_feedback ADD COLUMN apart BOOLEAN NOT NULL DEFAULT FALSE;

-- +goose Down
ALTER TABLE queue_feedback DROP COLUMN apart;
DROP TABLE queue_feedback_given;
