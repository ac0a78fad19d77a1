-- +goose Up

-- A kiosk is a role like the desk's: the two tables whose rules name the roles are
-- made anew with it (SQLite cannot change a CHECK).
CREATE TABLE account_roles_new (
    person_id    TEXT NOT NULL REFERENCES account_people (id) ON DELETE CASCADE,
    kind         TEXT NOT NULL,
    community_id TEXT NOT NULL,
    partner_id   TEXT NOT NULL,
    granted_by   TEXT NOT NULL,
    granted_at   BIGINT NOT NULL,
    link_id      TEXT NOT NULL,
    PRIMARY KEY (person_id, kind, community_id, partner_id),
    CHECK ((kind = 'admin' AND community_id = '' AND partner_id = '')
        OR (kind IN ('organizer', 'desk', 'kiosk') AND community_id <> '' AND partner_id = '')
        OR (kind = 'partner' AND community_id <> '' AND partner_id <> ''))
);
INSERT INTO account_roles_new (person_id, kind, community_id, partner_id, granted_by, granted_at, link_id)
    SELECT person_id, kind, community_id, partner_id, granted_by, granted_at, link_id FROM account_roles;
DROP TABLE account_roles;
ALTER TABLE account_roles_new RENAME TO account_roles;
CREATE INDEX account_roles_community ON account_roles (community_id, kind);
CREATE UNIQUE INDEX account_roles_link ON account_roles (link_id) WHERE link_id <> '';

CREATE TABLE account_links_new (
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
        OR (kind IN ('organizer', 'desk', 'kiosk') AND community_id <> '' AND partner_id = '' AND person_id = '')
        OR (kind = 'partner' AND community_id <> '' AND partner_id <> '' AND person_id = ''))
);
INSERT INTO account_links_new (id, token_digest, kind, community_id, partner_id, person_id, label, invited_by, created_at, expires_at, used_at, used_by, used_proof, revoked_at)
    SELECT id, token_digest, kind, community_id, partner_id, person_id, label, invited_by, created_at, expires_at, used_at, used_by, used_proof, revoked_at FROM account_links;
DROP TABLE account_links;
ALTER TABLE account_links_new RENAME TO account_links;
CREATE INDEX account_links_community ON account_links (community_id, created_at);

-- +goose Down
DELETE FROM account_links WHERE kind = 'kiosk';
DELETE FROM account_people WHERE id IN (SELECT person_id FROM account_roles WHERE kind = 'kiosk');
DELETE FROM account_roles WHERE kind = 'kiosk';

CREATE TABLE account_roles_old (
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
INSERT INTO account_roles_old (person_id, kind, community_id, partner_id, granted_by, granted_at, link_id)
    SELECT person_id, kind, community_id, partner_id, granted_by, granted_at, link_id FROM account_roles;
DROP TABLE account_roles;
ALTER TABLE account_roles_old RENAME TO account_roles;
CREATE INDEX account_roles_community ON account_roles (community_id, kind);
CREATE UNIQUE INDEX account_roles_link ON account_roles (link_id) WHERE link_id <> '';

CREATE TABLE account_links_old (
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
INSERT INTO account_links_old (id, token_digest, kind, community_id, partner_id, person_id, label, invited_by, created_at, expires_at, used_at, used_by, used_proof, revoked_at)
    SELECT id, token_digest, kind, community_id, partner_id, person_id, label, invited_by, created_at, expires_at, used_at, used_by, used_proof, revoked_at FROM account_links;
DROP TABLE account_links;
ALTER TABLE account_links_old RENAME TO account_links;
CREATE INDEX account_links_community ON account_links (community_id, created_at);
