-- +goose Up

-- What notify remembers of a market day, from the events it heard.
CREATE TABLE notify_days (
    day_id         TEXT PRIMARY KEY,
    market_id      TEXT NOT NULL,
    community_id   TEXT NOT NULL,
    date           TEXT NOT NULL,
    community_name TEXT NOT NULL,
    market_name    TEXT NOT NULL,
    venue          TEXT NOT NULL,
    time_zone      TEXT NOT NULL,
    locale         TEXT NOT NULL,
    held_on        TEXT NOT NULL,
    opens_at       BIGINT NOT NULL,
    closes_at      BIGINT NOT NULL,
    state          TEXT NOT NULL CHECK (state IN ('planned', 'open', 'closed', 'counted', 'cancelled', 'missed')),
    opened_at      BIGINT NOT NULL DEFAULT 0,
    closed_at      BIGINT NOT NULL DEFAULT 0,
    remind_at      BIGINT NOT NULL,
    reminded       BOOLEAN NOT NULL DEFAULT FALSE,
    forget_at      BIGINT NOT NULL,
    forgotten      BOOLEAN NOT NULL DEFAULT FALSE,
    CHECK (closes_at > opens_at)
);
CREATE INDEX notify_days_remind ON notify_days (remind_at) WHERE NOT reminded;
CREATE INDEX notify_days_forget ON notify_days (forget_at) WHERE NOT forgotten;
CREATE INDEX notify_days_market ON notify_days (market_id, date);

-- Who asked for a place, and who has one.
CREATE TABLE notify_claims (
    claim_id   TEXT PRIMARY KEY,
    day_id     TEXT NOT NULL REFERENCES notify_days (day_id),
    partner_id TEXT NOT NULL
);
CREATE INDEX notify_claims_day ON notify_claims (day_id);
CREATE TABLE notify_places (
    assignment_id TEXT PRIMARY KEY,
    day_id        TEXT NOT NULL REFERENCES notify_days (day_id),
    partner_id    TEXT NOT NULL,
    booth_code    TEXT NOT NULL
);
CREATE INDEX notify_places_day ON notify_places (day_id);

-- A community's own receivers: robots, webhooks, a mail address, a folder.
CREATE TABLE notify_channels (
    id                TEXT PRIMARY KEY,
    community_id      TEXT NOT NULL,
    kind              TEXT NOT NULL CHECK (kind IN ('mail', 'webhook', 'wecom', 'dingtalk', 'feishu', 'folder')),
    name              TEXT NOT NULL CHECK (name <> ''),
    target_sealed     TEXT NOT NULL,
    secret_sealed     TEXT NOT NULL,
    old_secret_sealed TEXT NOT NULL,
    old_secret_until  BIGINT NOT NULL,
    lang              TEXT NOT NULL CHECK (lang <> ''),
    active            BOOLEAN NOT NULL,
    created_at        BIGINT NOT NULL,
    changed_at        BIGINT NOT NULL,
    CHECK ((kind = 'folder') = (target_sealed = '')),
    CHECK (kind <> 'webhook' OR secret_sealed <> '')
);
CREATE INDEX notify_channels_community ON notify_channels (community_id, created_at);

-- Token bucket of a robot: tokens in thousandths at refilled_at.
CREATE TABLE notify_buckets (
    channel_id  TEXT PRIMARY KEY REFERENCES notify_channels (id) ON DELETE CASCADE,
    tokens      BIGINT NOT NULL CHECK (tokens >= 0),
    refilled_at BIGINT NOT NULL
);

-- Residents who asked. day_id '' means every day of the market. The address is
-- sealed; address_digest (keyed) keeps one person from being written to twice.
CREATE TABLE notify_subscriptions (
    id             TEXT PRIMARY KEY,
    community_id   TEXT NOT NULL,
    market_id      TEXT NOT NULL,
    day_id         TEXT NOT NULL,
    address_sealed TEXT NOT NULL CHECK (address_sealed <> ''),
    address_digest TEXT NOT NULL CHECK (address_digest <> ''),
    lang           TEXT NOT NULL CHECK (lang <> ''),
    reminder       BOOLEAN NOT NULL,
    closing        BOOLEAN NOT NULL,
    token          TEXT NOT NULL UNIQUE,
    created_at     BIGINT NOT NULL,
    UNIQUE (market_id, day_id, address_digest),
    CHECK (reminder OR closing)
);
CREATE INDEX notify_subscriptions_day ON notify_subscriptions (day_id) WHERE day_id <> '';

-- One message for one recipient over one channel. params holds no contact:
-- addresses are looked up when the message goes out.
CREATE TABLE notify_deliveries (
    id           TEXT PRIMARY KEY,
    community_id TEXT NOT NULL,
    day_id       TEXT NOT NULL,
    kind         TEXT NOT NULL,
    audience     TEXT NOT NULL CHECK (audience IN ('organizer', 'channel', 'partner', 'resident')),
    reason       TEXT NOT NULL,
    recipient    TEXT NOT NULL,
    channel      TEXT NOT NULL CHECK (channel IN ('mail', 'webhook', 'wecom', 'dingtalk', 'feishu', 'folder')),
    lang         TEXT NOT NULL,
    params       TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'retry', 'delivered', 'given_up', 'skipped', 'merged')),
    why          TEXT NOT NULL,
    merged_into  TEXT NOT NULL DEFAULT '',
    forced       BOOLEAN NOT NULL DEFAULT FALSE,
    due_at       BIGINT NOT NULL,
    useful_until BIGINT NOT NULL,
    next_at      BIGINT NOT NULL,
    lease        TEXT NOT NULL DEFAULT '',
    lease_until  BIGINT NOT NULL DEFAULT 0,
    attempts     INTEGER NOT NULL DEFAULT 0, -- all of them
    tries        INTEGER NOT NULL DEFAULT 0, -- since it was queued or resent
    first_at     BIGINT NOT NULL DEFAULT 0,
    created_at   BIGINT NOT NULL,
    finished_at  BIGINT NOT NULL DEFAULT 0,
    UNIQUE (reason, recipient, channel),
    CHECK ((state = 'sending') = (lease <> '')),
    CHECK ((state = 'merged') = (merged_into <> '')),
    CHECK (state NOT IN ('skipped', 'given_up') OR why <> '')
);
-- Queries say finished_at = 0 literally: that is how SQLite sees that it may use these.
CREATE INDEX notify_deliveries_due ON notify_deliveries (channel, next_at, id) WHERE finished_at = 0;
CREATE INDEX notify_deliveries_next ON notify_deliveries (next_at) WHERE finished_at = 0;
CREATE INDEX notify_deliveries_recipient ON notify_deliveries (recipient, channel) WHERE finished_at = 0;
CREATE INDEX notify_deliveries_busy ON notify_deliveries (recipient, channel, lease_until) WHERE state = 'sending';
CREATE INDEX notify_deliveries_community ON notify_deliveries (community_id, created_at, id);
CREATE INDEX notify_deliveries_day ON notify_deliveries (day_id, kind);
CREATE INDEX notify_deliveries_merged ON notify_deliveries (merged_into) WHERE merged_into <> '';

-- Every attempt, committed before a byte is sent; result '' means nobody came back to say.
CREATE TABLE notify_attempts (
    delivery_id TEXT NOT NULL REFERENCES notify_deliveries (id) ON DELETE CASCADE,
    n           INTEGER NOT NULL,
    started_at  BIGINT NOT NULL,
    ended_at    BIGINT NOT NULL DEFAULT 0,
    result      TEXT NOT NULL DEFAULT '' CHECK (result IN ('', 'delivered', 'temporary', 'permanent')),
    code        TEXT NOT NULL DEFAULT '',
    detail      TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (delivery_id, n)
);

-- +goose Down
DROP TABLE notify_attempts;
DROP TABLE notify_deliveries;
DROP TABLE notify_subscriptions;
DROP TABLE notify_buckets;
DROP TABLE notify_channels;
DROP TABLE notify_places;
DROP TABLE notify_claims;
DROP TABLE notify_days;
