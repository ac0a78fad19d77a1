-- +goose Up

-- What queue has heard of a market day.
CREATE TABLE queue_days (
    id              TEXT   PRIMARY KEY,
    community_id    TEXT   NOT NULL,
    market_id       TEXT   NOT NULL,
    date            TEXT   NOT NULL,
    opens_at        BIGINT NOT NULL,
    closes_at       BIGINT NOT NULL,
    serve_until     BIGINT NOT NULL,
    state           TEXT   NOT NULL CHECK (state IN ('planned', 'open', 'closed', 'cancelled', 'missed')),
    lines_closed_at BIGINT NOT NULL,
    version         BIGINT NOT NULL,
    CHECK (lines_closed_at = 0 OR state = 'closed')
);
CREATE INDEX queue_days_market ON queue_days (market_id, date);
CREATE INDEX queue_days_grace ON queue_days (serve_until) WHERE state = 'closed' AND lines_closed_at = 0;

-- One line per service per place. next_number is the only source of numbers:
-- it and the ticket are written in one transaction. No sequence, no gap.
CREATE TABLE queue_lines (
    id             TEXT    PRIMARY KEY,
    day_id         TEXT    NOT NULL REFERENCES queue_days (id),
    community_id   TEXT    NOT NULL,
    market_id      TEXT    NOT NULL,
    date           TEXT    NOT NULL,
    assignment_id  TEXT    NOT NULL,
    booth_id       TEXT    NOT NULL,
    booth_code     TEXT    NOT NULL,
    zone           TEXT    NOT NULL,
    partner_id     TEXT    NOT NULL,
    service_id     TEXT    NOT NULL,
    service        TEXT    NOT NULL,
    kind           TEXT    NOT NULL CHECK (kind IN ('person', 'item', 'stock')),
    minutes        INTEGER NOT NULL,
    phase          TEXT    NOT NULL CHECK (phase IN ('planned', 'open', 'closing', 'closed', 'removed')),
    paused         BOOLEAN NOT NULL,
    paused_why     TEXT    NOT NULL,
    released       BOOLEAN NOT NULL,
    opens_at       BIGINT  NOT NULL,
    closes_at      BIGINT  NOT NULL,
    serve_until    BIGINT  NOT NULL,
    stock_total    INTEGER NOT NULL CHECK (stock_total >= 0),
    stock_left     INTEGER NOT NULL CHECK (stock_left >= 0),
    next_number    INTEGER NOT NULL CHECK (next_number >= 1),
    since_priority INTEGER NOT NULL,
    version        BIGINT  NOT NULL,
    move_seq       BIGINT  NOT NULL,
    UNIQUE (day_id, assignment_id, service_id),
    CHECK (kind = 'stock' OR stock_total = 0),
    CHECK (stock_left <= stock_total)
);

CREATE TABLE queue_tickets (
    line_id         TEXT    NOT NULL REFERENCES queue_lines (id),
    number          INTEGER NOT NULL CHECK (number >= 1),
    day_id          TEXT    NOT NULL,
    handle          TEXT    NOT NULL UNIQUE,
    visitor         TEXT    NOT NULL CHECK (visitor <> ''),
    via             TEXT    NOT NULL CHECK (via IN ('phone', 'desk', 'kiosk')),
    proxy           BOOLEAN NOT NULL,
    priority        BOOLEAN NOT NULL,
    carried         BOOLEAN NOT NULL,
    state           TEXT    NOT NULL CHECK (state IN ('waiting', 'called', 'serving', 'ready', 'served', 'missed', 'left', 'expired')),
    pos             BIGINT  NOT NULL,
    calls           INTEGER NOT NULL,
    misses          INTEGER NOT NULL,
    issued_at       BIGINT  NOT NULL,
    first_called_at BIGINT  NOT NULL,
    called_at       BIGINT  NOT NULL,
    done_at         BIGINT  NOT NULL,
    ended_at        BIGINT  NOT NULL,
    issue_key       TEXT    NOT NULL,
    issue_hash      TEXT    NOT NULL,
    PRIMARY KEY (line_id, number)
);
-- Idempotency lies in the ticket itself: one number for one key.
CREATE UNIQUE INDEX queue_tickets_key ON queue_tickets (issue_key) WHERE issue_key <> '';
-- A card holds one living number in a line, unless it stands in for somebody else.
CREATE UNIQUE INDEX queue_tickets_card ON queue_tickets (line_id, visitor)
    WHERE proxy = FALSE AND state IN ('waiting', 'called', 'serving', 'ready');
CREATE INDEX queue_tickets_waiting ON queue_tickets (line_id, pos, number) WHERE state = 'waiting';
CREATE INDEX queue_tickets_visitor ON queue_tickets (visitor, day_id);

-- Keys that were answered with a number the card already had.
CREATE TABLE queue_answers (
    key     TEXT    PRIMARY KEY,
    hash    TEXT    NOT NULL,
    line_id TEXT    NOT NULL,
    number  INTEGER NOT NULL,
    FOREIGN KEY (line_id, number) REFERENCES queue_tickets (line_id, number)
);

-- Everything that ever happened to a ticket after it was issued (number 0: to the line itself).
CREATE TABLE queue_moves (
    line_id    TEXT    NOT NULL REFERENCES queue_lines (id),
    seq        BIGINT  NOT NULL,
    number     INTEGER NOT NULL,
    verb       TEXT    NOT NULL,
    from_state TEXT    NOT NULL,
    to_state   TEXT    NOT NULL,
    from_pos   BIGINT  NOT NULL,
    to_pos     BIGINT  NOT NULL,
    why        TEXT    NOT NULL,
    by_whom    TEXT    NOT NULL,
    at         BIGINT  NOT NULL,
    can_undo   BOOLEAN NOT NULL,
    undoes     BIGINT  NOT NULL,
    undone_by  BIGINT  NOT NULL,
    before     TEXT    NOT NULL,
    PRIMARY KEY (line_id, seq)
);
CREATE INDEX queue_moves_ticket ON queue_moves (line_id, number, seq);

-- A card was seen on a day: counted once.
CREATE TABLE queue_visits (
    day_id  TEXT   NOT NULL REFERENCES queue_days (id),
    visitor TEXT   NOT NULL CHECK (visitor <> ''),
    via     TEXT   NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (day_id, visitor)
);

-- Who was not served and comes first on the next day of the market.
CREATE TABLE queue_carry (
    from_line    TEXT    NOT NULL,
    from_number  INTEGER NOT NULL,
    market_id    TEXT    NOT NULL,
    date         TEXT    NOT NULL,
    partner_id   TEXT    NOT NULL,
    service_id   TEXT    NOT NULL,
    service      TEXT    NOT NULL,
    visitor      TEXT    NOT NULL,
    via          TEXT    NOT NULL,
    proxy        BOOLEAN NOT NULL,
    priority     BOOLEAN NOT NULL,
    pos          BIGINT  NOT NULL,
    state        TEXT    NOT NULL CHECK (state IN ('waiting', 'given', 'lapsed')),
    to_line      TEXT    NOT NULL,
    to_number    INTEGER NOT NULL,
    PRIMARY KEY (from_line, from_number),
    FOREIGN KEY (from_line, from_number) REFERENCES queue_tickets (line_id, number),
    CHECK ((state = 'given') = (to_line <> ''))
);
CREATE INDEX queue_carry_waiting ON queue_carry (market_id, date) WHERE state = 'waiting';
CREATE UNIQUE INDEX queue_carry_given ON queue_carry (to_line, to_number) WHERE state = 'given';

-- The day's figures, collected from the events by the consumer "figures".
CREATE TABLE queue_figure_days (
    day_id       TEXT    PRIMARY KEY,
    community_id TEXT    NOT NULL,
    market_id    TEXT    NOT NULL,
    date         TEXT    NOT NULL,
    residents    INTEGER NOT NULL,
    tickets      INTEGER NOT NULL,
    carried_over INTEGER NOT NULL,
    reported     INTEGER NOT NULL DEFAULT 0 CHECK (reported >= 0), -- residents as the organizer reports them, at least so many; 0 is nothing said
    counted_at   BIGINT  NOT NULL
);
CREATE TABLE queue_figures (
    day_id         TEXT    NOT NULL,
    line_id        TEXT    NOT NULL,
    issued         INTEGER NOT NULL,
    waiting        INTEGER NOT NULL,
    called         INTEGER NOT NULL,
    served         INTEGER NOT NULL,
    missed         INTEGER NOT NULL,
    gone           INTEGER NOT NULL,
    expired        INTEGER NOT NULL,
    waited_seconds BIGINT  NOT NULL,
    served_seconds BIGINT  NOT NULL,
    PRIMARY KEY (day_id, line_id)
);
CREATE TABLE queue_arrivals (
    day_id TEXT    NOT NULL,
    slot   BIGINT  NOT NULL,
    people INTEGER NOT NULL,
    PRIMARY KEY (day_id, slot)
);

-- +goose Down
DROP TABLE queue_arrivals;
DROP TABLE queue_figures;
DROP TABLE queue_figure_days;
DROP TABLE queue_carry;
DROP TABLE queue_visits;
DROP TABLE queue_moves;
DROP TABLE queue_answers;
DROP TABLE queue_tickets;
DROP TABLE queue_lines;
DROP TABLE queue_days;
