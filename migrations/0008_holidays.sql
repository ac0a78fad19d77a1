-- +goose Up

-- Holiday notices that an administrator loaded, one row a year; they come before
-- those in the binary and those of the flag. version grows with every change: by
-- the sum of all a process sees whether it has to read them again.
CREATE TABLE holiday_years (
    year      BIGINT PRIMARY KEY,
    notice    TEXT   NOT NULL,
    version   BIGINT NOT NULL CHECK (version > 0),
    loaded_by TEXT   NOT NULL,
    loaded_at BIGINT NOT NULL
);

-- +goose Down
DROP TABLE holiday_years;
