-- +goose Up

-- People. The e-mail address is sealed; email_digest (keyed) finds it again.
CREATE TABLE account_people (
    id            TEXT PRIMARY KEY,
    name          TEXT NOT NULL CHECK (name <> ''),
    email_sealed  TEXT NOT NULL,
    email_digest  TEXT NOT NULL,
    lang          TEXT NOT NULL CHECK (lang <> ''),
    password_hash TEXT NOT NULL,
    created_at    BIGINT NOT NULL,
    CHECK ((email_sealed = '') = (email_digest = '')),
    CHECK (password_hash = '' OR email_digest <> '')
);
CREATE UNIQUE INDEX account_people_email ON account_people (email_digest) WHERE email_digest <> '';

CREATE TABLE account_roles (
    person_id    TEXT NOT NULL REFERENCES account_people (id) ON DELETE CASCADE,
    kind         TEXT NOT NULL,
    community_id TEXT NOT NULL,
    partner_id   TEXT NOT NULL,
    granted_by   TEXT NOT NULL,
    granted_at   BIGINT NOT NULL,
    link_id      TEXT NOT NULL,
    PRIMARY KEY (person_id, kind, community_id, partner_id),
    CHECK ((kind = 'admin' AND community_id = '' AND partner_id = '')
        OR (kind IN ('organizer', 'desk') AND community_id <> '' AND partner_id = '')
        OR (kind = 'partner' AND community_id <> '' AND partner_id <> ''))
);
CREATE INDEX account_roles_community ON account_roles (community_id, kind);
-- One link gives one role, whatever happens.
CREATE UNIQUE INDEX account_roles_link ON account_roles (link_id) WHERE link_id <> '';

-- Links that work once. kind 'login' lets person_id in again, the others give a role.
-- Open = neither used nor revoked, and not yet expired.
CREATE TABLE account_links (
    id           TEXT PRIMARY KEY,
    token_digest TEXT NOT NULL UNIQUE,
    kind         TEXT NOT NULL,
    community_id TEXT NOT NULL,
    partner_id   TEXT NOT NULL,
    person_id    TEXT NOT NULL,
    label        TEXT NOT NULL,
    invited_by   TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    used_at      BIGINT NOT NULL,
    used_by      TEXT NOT NULL,
    used_proof   TEXT NOT NULL,
    revoked_at   BIGINT NOT NULL,
    CHECK (used_at = 0 OR revoked_at = 0),
    CHECK ((used_at = 0) = (used_by = '')),
    CHECK (expires_at > created_at),
    CHECK (used_at = 0 OR used_at <= expires_at),
    CHECK ((kind = 'login' AND person_id <> '' AND partner_id = '')
        OR (kind = 'admin' AND community_id = '' AND partner_id = '' AND person_id = '')
        OR (kind IN ('organizer', 'desk') AND community_id <> '' AND partner_id = '' AND person_id = '')
        OR (kind = 'partner' AND community_id <> '' AND partner_id <> '' AND person_id = ''))
);
CREATE INDEX account_links_community ON account_links (community_id, created_at);

-- The one set-up link of the installation: one row, used once for ever.
-- Its version is also the turnstile that changes of admins pass one by one.
CREATE TABLE account_setup (
    id           INTEGER PRIMARY KEY CHECK (id = 1),
    token_digest TEXT NOT NULL,
    used_at      BIGINT NOT NULL,
    used_by      TEXT NOT NULL,
    used_proof   TEXT NOT NULL,
    version      BIGINT NOT NULL,
    CHECK ((used_at = 0) = (used_by = ''))
);
INSERT INTO account_setup (id, token_digest, used_at, used_by, used_proof, version) VALUES (1, '', 0, '', '', 0);

CREATE TABLE account_sessions (
    id           TEXT PRIMARY KEY,
    token_digest TEXT NOT NULL UNIQUE,
    person_id    TEXT NOT NULL REFERENCES account_people (id) ON DELETE CASCADE,
    device       TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    seen_at      BIGINT NOT NULL,
    CHECK (seen_at >= created_at)
);
CREATE INDEX account_sessions_person ON account_sessions (person_id);
CREATE INDEX account_sessions_seen ON account_sessions (seen_at);

-- Password attempts per account, address and both, counted before the check.
CREATE TABLE account_attempts (
    subject      TEXT PRIMARY KEY,
    window_start BIGINT NOT NULL,
    attempts     INTEGER NOT NULL CHECK (attempts >= 0)
);
CREATE INDEX account_attempts_window ON account_attempts (window_start);

-- +goose Down
DROP TABLE account_attempts;
DROP TABLE account_sessions;
DROP TABLE account_setup;
DROP TABLE account_links;
DROP TABLE account_roles;
DROP TABLE account_people;
