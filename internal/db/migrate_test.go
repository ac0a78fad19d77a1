package db_test

import (
	"slices"
	"testing"

	"yiji/internal/db"
	"yiji/internal/db/dbtest"
)

// everybody is all that stands in the tables migration 23 makes anew.
const everybody = `SELECT 'role ' || person_id || kind || community_id || partner_id || granted_by || granted_at || link_id FROM account_roles
	UNION ALL SELECT 'link ' || id || token_digest || kind || community_id || partner_id || person_id || label || invited_by || created_at || expires_at || used_at || used_by || used_proof || revoked_at
	FROM account_links ORDER BY 1`

// Tables that are made anew keep what is in them, and taken back they lose the
// new kind of row only.
func TestTablesMadeAnewKeepTheirRows(t *testing.T) {
	dbtest.EachURL(t, func(t *testing.T, url string) {
		with := func(do func(d *db.DB) error) { // opening migrates
			t.Helper()
			d, err := db.Open(t.Context(), db.Options{URL: url})
			if err == nil {
				err = do(d)
			}
			if err == nil {
				err = d.Close()
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		write := func(statements ...string) func(*db.DB) error {
			return func(d *db.DB) error {
				return d.Update(t.Context(), func(tx *db.Tx) error {
					for _, s := range statements {
						if _, err := tx.Exec(s); err != nil {
							return err
						}
					}
					return nil
				})
			}
		}
		var rows []string
		look := func(d *db.DB) error {
			rows = nil
			return d.View(t.Context(), func(tx *db.Tx) error { return tx.Select(&rows, everybody) })
		}
		person := func(id, kind string) []string {
			return []string{
				`INSERT INTO account_people (id, name, email_sealed, email_digest, lang, password_hash, created_at) VALUES ('` + id + `', 'n', '', '', 'en', '', 1)`,
				`INSERT INTO account_roles (person_id, kind, community_id, partner_id, granted_by, granted_at, link_id) VALUES ('` + id + `', '` + kind + `', 'c', '', 'x', 7, 'l` + id + `')`,
				`INSERT INTO account_links (id, token_digest, kind, community_id, partner_id, person_id, label, invited_by, created_at, expires_at, used_at, used_by, used_proof, revoked_at)
					VALUES ('l` + id + `', 'd` + id + `', '` + kind + `', 'c', '', '', 'note', 'x', 1, 9, 5, '` + id + `', 'proof', 0)`,
			}
		}
		with(func(d *db.DB) error { return d.DownTo(t.Context(), 22) })
		with(func(d *db.DB) error { return d.DownTo(t.Context(), 22) }) // up and down again with nothing in them
		with(write(person("a", "desk")...))
		with(look)
		before := slices.Clone(rows)
		with(write(person("k", "kiosk")...))
		with(func(d *db.DB) error { return d.DownTo(t.Context(), 22) })
		with(look)
		if len(before) != 2 || !slices.Equal(rows, before) {
			t.Errorf("was %q, after down and up %q", before, rows)
		}
		var left int
		with(func(d *db.DB) error {
			return d.View(t.Context(), func(tx *db.Tx) error { return tx.Get(&left, `SELECT COUNT(*) FROM account_people`) })
		})
		if left != 1 {
			t.Errorf("%d people: the tablet is a person no longer", left)
		}
	})
}
