-- +goose Up

-- source: a keyed hash of where a number was taken by phone, made for its line
-- and day alone; erased when the lines of the day have closed. void_id: the
-- remedy that took the number back.
ALTER TABLE queue_tickets ADD COLUMN source TEXT NOT NULL DEFAULT '';
ALTER TABLE queue_tickets ADD COLUMN void_id TEXT NOT NULL DEFAULT '';

-- Numbers that were made void together, because one source took very many of
-- them within a minute; the source gets no more of that line by phone.
CREATE TABLE queue_voids (
    id        TEXT   PRIMARY KEY,
    line_id   TEXT   NOT NULL REFERENCES queue_lines (id),
    source    TEXT   NOT NULL,
    reason    TEXT   NOT NULL CHECK (reason <> ''),
    by_whom   TEXT   NOT NULL,
    at        BIGINT NOT NULL,
    undone_at BIGINT NOT NULL
);
CREATE INDEX queue_voids_line ON queue_voids (line_id);

-- +goose Down
DROP TABLE queue_voids;
ALTER TABLE queue_tickets DROP COLUMN void_id;
ALTER TABLE queue_tickets DROP COLUMN source;
