-- +goose Up

-- Partners who were seen at their booth on a day.
CREATE TABLE booths_arrivals (
    day_id     TEXT   NOT NULL REFERENCES booths_days (id),
    partner_id TEXT   NOT NULL REFERENCES booths_partners (id),
    arrived_at BIGINT NOT NULL,
    who        TEXT   NOT NULL, -- ticked it: a person's handle
    PRIMARY KEY (day_id, partner_id)
);

-- +goose Down
DROP TABLE booths_arrivals;
