-- +goose Up

CREATE TABLE communities (
    id         TEXT   NOT NULL PRIMARY KEY,
    slug       TEXT   NOT NULL UNIQUE,
    name       TEXT   NOT NULL CHECK (name <> ''),
    city       TEXT   NOT NULL,
    address    TEXT   NOT NULL,
    phone      TEXT   NOT NULL,
    time_zone  TEXT   NOT NULL CHECK (time_zone <> ''),
    locale     TEXT   NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE markets (
    id           TEXT   NOT NULL PRIMARY KEY,
    community_id TEXT   NOT NULL REFERENCES communities (id),
    slug         TEXT   NOT NULL,
    name         TEXT   NOT NULL CHECK (name <> ''),
    venue        TEXT   NOT NULL,
    rule         TEXT   NOT NULL,
    opens        TEXT   NOT NULL CHECK (length(opens) = 5),
    closes       TEXT   NOT NULL CHECK (closes > opens),
    holiday      TEXT   NOT NULL,
    weekend      TEXT   NOT NULL,
    leads        TEXT   NOT NULL,
    wanted       TEXT   NOT NULL,
    residents    BIGINT NOT NULL DEFAULT 0 CHECK (residents >= 0), -- reported by the organizer: at least so many, 0: nothing said
    version      BIGINT NOT NULL DEFAULT 1,
    created_at   BIGINT NOT NULL,
    planned_to   TEXT   NOT NULL, -- every date up to here has been asked of the rule
    plan_at      BIGINT,          -- when the next day is to be planned; NULL: the rule says no more
    UNIQUE (community_id, slug)
);
CREATE INDEX markets_plan_at ON markets (plan_at, id) WHERE plan_at IS NOT NULL;

CREATE TABLE market_exceptions (
    market_id TEXT NOT NULL REFERENCES markets (id),
    date      TEXT NOT NULL CHECK (length(date) = 10),
    kind      TEXT NOT NULL CHECK (kind IN ('skip', 'move', 'extra')),
    held_on   TEXT NOT NULL,
    opens     TEXT,
    closes    TEXT,
    why       TEXT NOT NULL,
    PRIMARY KEY (market_id, date)
);

-- A market day exists exactly once per market and date of the rule (G1), and
-- one market is held at most once on a local date.
CREATE TABLE market_days (
    id             TEXT    NOT NULL PRIMARY KEY,
    market_id      TEXT    NOT NULL REFERENCES markets (id),
    community_id   TEXT    NOT NULL REFERENCES communities (id),
    date           TEXT    NOT NULL CHECK (length(date) = 10),
    held_on        TEXT    NOT NULL CHECK (length(held_on) = 10),
    state          TEXT    NOT NULL CHECK (state IN ('planned', 'claiming', 'confirmed', 'open', 'closed', 'settled', 'cancelled', 'missed')),
    opens_at       BIGINT  NOT NULL,
    closes_at      BIGINT  NOT NULL CHECK (closes_at > opens_at),
    claims_at      BIGINT  NOT NULL,
    standing_until BIGINT  NOT NULL CHECK (standing_until >= claims_at),
    confirm_at     BIGINT  NOT NULL CHECK (confirm_at >= standing_until),
    serve_until    BIGINT  NOT NULL,
    opened_at      BIGINT,
    closed_at      BIGINT,
    due_at         BIGINT, -- when the clock makes its next transition; NULL: none
    claims         BIGINT  NOT NULL DEFAULT 0,
    tickets        BIGINT  NOT NULL DEFAULT 0,
    flagged        BOOLEAN NOT NULL,
    reason         TEXT    NOT NULL DEFAULT '',
    moved_to       TEXT    NOT NULL DEFAULT '',
    reasons        TEXT    NOT NULL DEFAULT 'null',
    created_at     BIGINT  NOT NULL,
    UNIQUE (market_id, date),
    CHECK ((due_at IS NULL) = (state NOT IN ('planned', 'claiming', 'confirmed', 'open'))),
    CHECK ((opened_at IS NULL) = (state NOT IN ('open', 'closed', 'settled'))),
    CHECK ((closed_at IS NULL) = (state NOT IN ('closed', 'settled')))
);
CREATE UNIQUE INDEX market_days_held_once ON market_days (market_id, held_on) WHERE state <> 'cancelled';
CREATE INDEX market_days_due_at ON market_days (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX market_days_by_date ON market_days (community_id, held_on, id);

-- Each state is entered at most once (G3).
CREATE TABLE market_day_transitions (
    day_id       TEXT   NOT NULL REFERENCES market_days (id),
    seq          BIGINT NOT NULL CHECK (seq > 0),
    state        TEXT   NOT NULL,
    effective_at BIGINT NOT NULL,
    recorded_at  BIGINT NOT NULL,
    actor        TEXT   NOT NULL CHECK (actor IN ('clock', 'organizer', 'lines')),
    why          TEXT   NOT NULL,
    PRIMARY KEY (day_id, seq),
    UNIQUE (day_id, state)
);

-- +goose Down

DROP TABLE market_day_transitions;
DROP TABLE market_days;
DROP TABLE market_exceptions;
DROP TABLE markets;
DROP TABLE communities;
