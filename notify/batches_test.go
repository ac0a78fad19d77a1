package notify

import (
	"testing"

	"yiji/internal/db"
	"yiji/internal/db/dbtest"
	"yiji/notify/channel"
)

// What went to many is one batch, with those it did not reach first.
func TestBatches(t *testing.T) {
	c := dbtest.NewClock(local(18, 17, 0))
	dbtest.EachAt(t, c.Now, func(t *testing.T, d *db.DB) {
		c.Set(local(18, 17, 0))
		w := newTown(t, d, c)
		folder := w.channel(channel.Folder, "", "")
		w.queue(folder, 25, "x")
		c.Set(local(18, 17, 30))
		w.queue(folder, 1, "y")
		all, err := w.Deliveries(bg, comm, Filter{})
		if err != nil || len(all) != 26 {
			t.Fatal(len(all), err)
		}
		fail := func(id string) {
			if err := d.Update(bg, func(tx *db.Tx) error {
				_, err := tx.Exec(`UPDATE notify_deliveries SET state = 'given_up', why = 'gone', finished_at = created_at WHERE id = $1`, id)
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		fail(all[20].ID)
		list, err := w.Batches(bg, comm, Filter{Limit: 10})
		if err != nil || len(list) != 2 || list[0].N() != 1 || list[0].Failed() || list[1].N() != 25 || list[1].States[GivenUp] != 1 || list[1].To[ToChannel] != 25 {
			t.Fatalf("%+v %v", list, err)
		}
		if few := list[1].Few; len(few) != fewShown || few[0].ID != all[20].ID {
			t.Errorf("%+v", few)
		}
		if older, err := w.Batches(bg, comm, Filter{Limit: 10, Before: list[0].ID}); err != nil || len(older) != 1 || older[0].N() != 25 {
			t.Errorf("%+v %v", older, err)
		}
		if failed, err := w.Batches(bg, comm, Filter{Limit: 10, State: GivenUp}); err != nil || len(failed) != 1 || failed[0].N() != 1 {
			t.Errorf("%+v %v", failed, err)
		}
		whole, err := w.BatchOf(bg, comm, list[1].ID)
		if err != nil || len(whole) != 25 || whole[0].ID != all[20].ID {
			t.Errorf("%d %v", len(whole), err)
		}
		if _, err := w.BatchOf(bg, "other", list[1].ID); code(err) != "notify.delivery_unknown delivery" {
			t.Error(err)
		}
		if other, err := w.Batches(bg, "other", Filter{Limit: 10}); err != nil || len(other) != 0 {
			t.Errorf("%+v %v", other, err)
		}
	})
}
