-- +goose Up

-- Who brings something. name_key is what makes two names the same; contact is
-- sealed and never leaves in an event.
CREATE TABLE booths_partners (
    id           TEXT    PRIMARY KEY,
    community_id TEXT    NOT NULL,
    name         TEXT    NOT NULL CHECK (name <> ''),
    name_key     TEXT    NOT NULL,
    sort_key     TEXT    NOT NULL,
    kind         TEXT    NOT NULL CHECK (kind IN ('organisation', 'individual')),
    category     TEXT    NOT NULL,
    loud         BOOLEAN NOT NULL,
    w            INTEGER NOT NULL CHECK (w >= 0),
    h            INTEGER NOT NULL CHECK (h >= 0),
    contact      TEXT    NOT NULL,
    state        TEXT    NOT NULL CHECK (state IN ('active', 'archived')),
    created_at   BIGINT  NOT NULL,
    changed_at   BIGINT  NOT NULL,
    UNIQUE (community_id, name_key)
);
CREATE INDEX booths_partners_sorted ON booths_partners (community_id, sort_key);

CREATE TABLE booths_qualifications (
    partner_id TEXT    NOT NULL REFERENCES booths_partners (id),
    position   INTEGER NOT NULL,
    name       TEXT    NOT NULL CHECK (name <> ''),
    number     TEXT    NOT NULL,
    expires_on TEXT    NOT NULL,
    PRIMARY KEY (partner_id, position)
);

-- needs is a JSON list of features; retired services stay for the days that had them.
CREATE TABLE booths_services (
    id         TEXT    PRIMARY KEY,
    partner_id TEXT    NOT NULL REFERENCES booths_partners (id),
    position   INTEGER NOT NULL,
    name       TEXT    NOT NULL CHECK (name <> ''),
    kind       TEXT    NOT NULL CHECK (kind IN ('person', 'item', 'stock')),
    minutes    INTEGER NOT NULL CHECK (minutes > 0),
    stock      INTEGER NOT NULL CHECK (stock >= 0),
    needs      TEXT    NOT NULL,
    price      INTEGER NOT NULL CHECK (price >= 0),
    shows      TEXT    NOT NULL,
    loud       BOOLEAN NOT NULL,
    retired    BOOLEAN NOT NULL,
    CHECK ((kind = 'stock') = (stock > 0))
);
CREATE INDEX booths_services_partner ON booths_services (partner_id, position);

-- 常驻: one place on every day of a market.
CREATE TABLE booths_standing (
    partner_id   TEXT    NOT NULL REFERENCES booths_partners (id),
    market_id    TEXT    NOT NULL,
    place        INTEGER NOT NULL,
    community_id TEXT    NOT NULL,
    services     TEXT    NOT NULL,
    wishes       TEXT    NOT NULL,
    since        BIGINT  NOT NULL,
    PRIMARY KEY (partner_id, market_id, place)
);
CREATE INDEX booths_standing_market ON booths_standing (market_id);

-- The present ground of a market; a day takes a copy when claiming opens.
CREATE TABLE booths_layouts (
    market_id    TEXT    PRIMARY KEY,
    community_id TEXT    NOT NULL,
    zones        TEXT    NOT NULL,
    booths       TEXT    NOT NULL,
    wanted       TEXT    NOT NULL,
    changed_at   BIGINT  NOT NULL
);

-- What booths has heard of a market day. turn is raised by everything that
-- changes the day's plan: raising it is what makes such changes wait for each other.
CREATE TABLE booths_days (
    id             TEXT   PRIMARY KEY,
    community_id   TEXT   NOT NULL,
    market_id      TEXT   NOT NULL,
    date           TEXT   NOT NULL,
    held_on        TEXT   NOT NULL,
    opens_at       BIGINT NOT NULL,
    closes_at      BIGINT NOT NULL,
    state          TEXT   NOT NULL CHECK (state IN ('planned', 'claiming', 'published', 'settled', 'cancelled', 'missed')),
    claiming_at    BIGINT NOT NULL,
    standing_until BIGINT NOT NULL,
    confirm_at     BIGINT NOT NULL,
    published_at   BIGINT NOT NULL,
    zones          TEXT   NOT NULL,
    wanted         TEXT   NOT NULL,
    draft          TEXT   NOT NULL,
    turn           BIGINT NOT NULL
);
CREATE INDEX booths_days_market ON booths_days (market_id, date);

CREATE TABLE booths_booths (
    id       TEXT    PRIMARY KEY,
    day_id   TEXT    NOT NULL REFERENCES booths_days (id),
    code     TEXT    NOT NULL CHECK (code <> ''),
    zone     TEXT    NOT NULL,
    x        INTEGER NOT NULL,
    y        INTEGER NOT NULL,
    w        INTEGER NOT NULL CHECK (w >= 0),
    h        INTEGER NOT NULL CHECK (h >= 0),
    features TEXT    NOT NULL,
    UNIQUE (day_id, code)
);

-- One claim is one place. wait_order is the order on the waitlist.
CREATE TABLE booths_claims (
    id         TEXT    PRIMARY KEY,
    day_id     TEXT    NOT NULL REFERENCES booths_days (id),
    partner_id TEXT    NOT NULL REFERENCES booths_partners (id),
    services   TEXT    NOT NULL,
    wishes     TEXT    NOT NULL,
    standing   BOOLEAN NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('claimed', 'placed', 'waiting', 'released', 'withdrawn', 'cancelled')),
    wait_order BIGINT  NOT NULL,
    reasons    TEXT    NOT NULL,
    claimed_at BIGINT  NOT NULL,
    changed_at BIGINT  NOT NULL
);
CREATE INDEX booths_claims_day ON booths_claims (day_id, state);
CREATE INDEX booths_claims_partner ON booths_claims (partner_id);
CREATE UNIQUE INDEX booths_claims_once ON booths_claims (day_id, partner_id, services) WHERE state IN ('claimed', 'placed', 'waiting');
CREATE UNIQUE INDEX booths_claims_order ON booths_claims (day_id, wait_order) WHERE state = 'waiting';

-- Booth ↔ partner for one day. The first index is the promise that two
-- partners never hold one booth (G5), the second that no claim holds two.
CREATE TABLE booths_assignments (
    id          TEXT   PRIMARY KEY,
    day_id      TEXT   NOT NULL REFERENCES booths_days (id),
    booth_id    TEXT   NOT NULL REFERENCES booths_booths (id),
    claim_id    TEXT   NOT NULL REFERENCES booths_claims (id),
    partner_id  TEXT   NOT NULL REFERENCES booths_partners (id),
    score       BIGINT NOT NULL,
    reasons     TEXT   NOT NULL,
    why         TEXT   NOT NULL CHECK (why IN ('plan', 'offer', 'override', 'substitute', 'direct')),
    state       TEXT   NOT NULL CHECK (state IN ('live', 'released', 'cancelled')),
    assigned_at BIGINT NOT NULL,
    ended_at    BIGINT NOT NULL
);
CREATE INDEX booths_assignments_partner ON booths_assignments (partner_id, state);
CREATE UNIQUE INDEX booths_assignments_one_holder ON booths_assignments (day_id, booth_id) WHERE state = 'live';
CREATE UNIQUE INDEX booths_assignments_one_booth ON booths_assignments (claim_id) WHERE state = 'live';

-- Places the organizer has decided before the plan is made.
CREATE TABLE booths_locks (
    claim_id TEXT   PRIMARY KEY REFERENCES booths_claims (id),
    day_id   TEXT   NOT NULL REFERENCES booths_days (id),
    booth_id TEXT   NOT NULL REFERENCES booths_booths (id),
    UNIQUE (day_id, booth_id)
);

CREATE TABLE booths_offers (
    id         TEXT   PRIMARY KEY,
    day_id     TEXT   NOT NULL REFERENCES booths_days (id),
    booth_id   TEXT   NOT NULL REFERENCES booths_booths (id),
    claim_id   TEXT   NOT NULL REFERENCES booths_claims (id),
    partner_id TEXT   NOT NULL REFERENCES booths_partners (id),
    state      TEXT   NOT NULL CHECK (state IN ('open', 'accepted', 'declined', 'expired', 'void')),
    made_at    BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL
);
CREATE INDEX booths_offers_day ON booths_offers (day_id);
CREATE INDEX booths_offers_due ON booths_offers (expires_at) WHERE state = 'open';
CREATE UNIQUE INDEX booths_offers_booth ON booths_offers (day_id, booth_id) WHERE state = 'open';
CREATE UNIQUE INDEX booths_offers_claim ON booths_offers (claim_id) WHERE state = 'open';

-- How a partner's places ended: kept, or given back after they were published.
CREATE TABLE booths_history (
    claim_id     TEXT   PRIMARY KEY,
    partner_id   TEXT   NOT NULL REFERENCES booths_partners (id),
    community_id TEXT   NOT NULL,
    market_id    TEXT   NOT NULL,
    day_id       TEXT   NOT NULL,
    held_on      TEXT   NOT NULL,
    booth_code   TEXT   NOT NULL,
    outcome      TEXT   NOT NULL CHECK (outcome IN ('kept', 'dropped'))
);
CREATE INDEX booths_history_partner ON booths_history (partner_id, held_on);

-- Every decision of a person about the plan, with its reason.
CREATE TABLE booths_changes (
    id         TEXT   PRIMARY KEY,
    day_id     TEXT   NOT NULL REFERENCES booths_days (id),
    at         BIGINT NOT NULL,
    what       TEXT   NOT NULL,
    claim_id   TEXT   NOT NULL,
    booth_code TEXT   NOT NULL,
    who        TEXT   NOT NULL,
    reason     TEXT   NOT NULL
);
CREATE INDEX booths_changes_day ON booths_changes (day_id, at);

-- +goose Down
DROP TABLE booths_changes;
DROP TABLE booths_history;
DROP TABLE booths_offers;
DROP TABLE booths_locks;
DROP TABLE booths_assignments;
DROP TABLE booths_claims;
DROP TABLE booths_booths;
DROP TABLE booths_days;
DROP TABLE booths_layouts;
DROP TABLE booths_standing;
DROP TABLE booths_services;
DROP TABLE booths_qualifications;
DROP TABLE booths_partners;
