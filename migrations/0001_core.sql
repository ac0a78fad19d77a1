-- +goose Up
-- The outbox: every event, numbered by the commit that made it true.
CREATE TABLE outbox (
    seq     BIGINT PRIMARY KEY,
    id      TEXT   NOT NULL,
    topic   TEXT   NOT NULL,
    key     TEXT   NOT NULL,
    name    TEXT   NOT NULL,
    payload TEXT   NOT NULL,
    metadata TEXT  NOT NULL, -- a JSON object, empty for none
    at      BIGINT NOT NULL,
    UNIQUE (id, topic)
);
CREATE INDEX outbox_topic ON outbox (topic, seq);

-- The last number given; its row lock is what keeps numbers in commit order.
CREATE TABLE outbox_head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    seq BIGINT NOT NULL
);
INSERT INTO outbox_head (one, seq) VALUES (1, 0);

-- How far each consumer has read, and which process reads for it.
CREATE TABLE consumers (
    name        TEXT   NOT NULL,
    topic       TEXT   NOT NULL,
    seq         BIGINT NOT NULL,
    owner       TEXT   NOT NULL,
    lease_until BIGINT NOT NULL,
    PRIMARY KEY (name, topic)
);

-- What a consumer has already applied: a repeated delivery changes nothing.
CREATE TABLE inbox (
    consumer TEXT   NOT NULL,
    event_id TEXT   NOT NULL,
    seq      BIGINT NOT NULL,
    PRIMARY KEY (consumer, event_id)
);
CREATE INDEX inbox_seq ON inbox (consumer, seq);

-- Events a consumer could not apply, with the later ones of the same key.
CREATE TABLE parked (
    consumer  TEXT    NOT NULL,
    event_id  TEXT    NOT NULL,
    seq       BIGINT  NOT NULL,
    key       TEXT    NOT NULL,
    name      TEXT    NOT NULL,
    error     TEXT    NOT NULL,
    attempts  INTEGER NOT NULL,
    parked_at BIGINT  NOT NULL,
    PRIMARY KEY (consumer, event_id)
);
CREATE INDEX parked_key ON parked (consumer, key, seq);

-- Idempotency: one answer for one key.
CREATE TABLE commands (
    scope      TEXT   NOT NULL,
    key        TEXT   NOT NULL,
    body_hash  TEXT   NOT NULL,
    answer     TEXT   NOT NULL,
    keep_until BIGINT NOT NULL,
    PRIMARY KEY (scope, key)
);
CREATE INDEX commands_keep ON commands (keep_until);

-- +goose Down
DROP TABLE commands;
DROP TABLE parked;
DROP TABLE inbox;
DROP TABLE consumers;
DROP TABLE outbox_head;
DROP TABLE outbox;
