package account

import "yiji/internal/db"

// Invariants must hold at every commit; each query returns what breaks it.
func Invariants() []db.Invariant {
	return []db.Invariant{
		{Name: "account: an installation that was set up has an admin", SQL: `SELECT id FROM account_setup
			WHERE used_at > 0 AND NOT EXISTS (SELECT 1 FROM account_roles WHERE kind = 'admin')`},
		{Name: "account: everybody has a role", SQL: `SELECT p.id FROM account_people p
			WHERE NOT EXISTS (SELECT 1 FROM account_roles r WHERE r.person_id = p.id)`},
		{Name: "account: a role from a link has used it up", SQL: `SELECT r.link_id FROM account_roles r JOIN account_links l ON l.id = r.link_id
			WHERE l.used_at = 0 OR l.used_by <> r.person_id OR l.kind <> r.kind OR l.community_id <> r.community_id OR l.partner_id <> r.partner_id`},
		{Name: "account: one link makes one person", SQL: `SELECT link_id FROM account_roles WHERE link_id <> '' GROUP BY link_id HAVING COUNT(*) > 1`},
		{Name: "account: a kiosk is nothing else", SQL: `SELECT r.person_id FROM account_roles r WHERE r.kind = 'kiosk'
			AND EXISTS (SELECT 1 FROM account_roles o WHERE o.person_id = r.person_id AND (o.kind <> 'kiosk' OR o.community_id <> r.community_id))`},
		{Name: "account: the set-up link made one admin", SQL: `SELECT granted_by FROM account_roles WHERE granted_by = 'setup' GROUP BY granted_by HAVING COUNT(*) > 1`},
		{Name: "account: no session is seen before it began", SQL: `SELECT id FROM account_sessions WHERE seen_at < created_at`},
	}
}
