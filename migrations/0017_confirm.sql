-- +goose Up

-- Who asked to be told and has not confirmed it yet: nothing is sent to them but
-- the message that asks for it, and the row goes after two days. Confirmed, it
-- becomes a row of notify_subscriptions. token is the secret of that message.
CREATE TABLE notify_wishes (
    id             TEXT    PRIMARY KEY,
    community_id   TEXT    NOT NULL,
    market_id      TEXT    NOT NULL,
    day_id         TEXT    NOT NULL,
    address_sealed TEXT    NOT NULL CHECK (address_sealed <> ''),
    address_digest TEXT    NOT NULL CHECK (address_digest <> ''),
    lang           TEXT    NOT NULL CHECK (lang <> ''),
    reminder       BOOLEAN NOT NULL,
    closing        BOOLEAN NOT NULL,
    token          TEXT    NOT NULL UNIQUE,
    asked_at       BIGINT  NOT NULL,
    mails          INTEGER NOT NULL,
    mailed_at      BIGINT  NOT NULL,
    UNIQUE (market_id, day_id, address_digest),
    CHECK (reminder OR closing)
);
CREATE INDEX notify_wishes_asked ON notify_wishes (asked_at);
CREATE INDEX notify_wishes_address ON notify_wishes (address_digest);

-- +goose Down
DROP TABLE notify_wishes;
