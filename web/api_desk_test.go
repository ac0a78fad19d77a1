package web

import (
	"strings"
	"testing"
	"time"

	"yiji/booths/queue"
	"yiji/internal/account"
	"yiji/internal/db"
)

// A desk lends numbers, the network fails, and what was given away comes home.
func TestADeskBringsItsNumbersHome(t *testing.T) {
	eachFair(t, func(t *testing.T, f *fair) {
		line := f.opened()["血压"]
		desk := f.with(account.Role{Kind: account.Desk, CommunityID: f.place.ID})
		at := "/communities/" + f.place.Slug
		device, handle := db.NewID(), db.NewID()
		lease := map[string]any{"device": device, "size": 5}
		if r := f.program().ask(post, at+"/lines/"+line.ID+"/blocks", lease, db.NewID()); r.Status != 401 {
			t.Errorf("anybody is lent numbers: %d", r.Status)
		}
		if r := desk.ask(post, at+"/lines/"+line.ID+"/blocks", map[string]any{"device": device, "size": 500}, db.NewID()); r.Status != 422 && r.Status != 400 {
			t.Errorf("500 numbers: %d", r.Status)
		}
		var b queue.Block
		desk.must(201, post, at+"/lines/"+line.ID+"/blocks", lease, &b)
		if b.Last-b.First != 4 {
			t.Fatalf("lent %+v", b)
		}
		online := f.number(line.ID)
		var answer struct {
			Items []queue.SlipResult `json:"items"`
		}
		slips := []map[string]any{{"number": b.First, "at": b.ServerNow.Format(time.RFC3339Nano), "handle": handle}, {"number": b.Last + 1, "at": b.ServerNow.Format(time.RFC3339Nano)}}
		for range 2 {
			desk.must(200, post, at+"/blocks/"+b.ID+"/slips", map[string]any{"device": device, "slips": slips}, &answer)
			if len(answer.Items) != 2 || answer.Items[0].Ticket == "" || answer.Items[1].Code != "queue.slip_number" {
				t.Fatalf("answer %+v", answer)
			}
		}
		if handle == online {
			t.Error("two tickets with one handle")
		}
		var seen queue.TicketView
		f.program().must(200, get, "/tickets/"+handle, nil, &seen) // the code printed on the slip works now
		if seen.Ticket.Number != b.First {
			t.Errorf("the slip's code shows number %d", seen.Ticket.Number)
		}
		desk.must(204, post, at+"/blocks/"+b.ID+"/end", map[string]any{"device": device}, nil)
		late := []map[string]any{slips[0], {"number": b.First, "at": "9 o'clock"}}
		if r := desk.ask(post, at+"/blocks/"+b.ID+"/slips", map[string]any{"device": device, "slips": late}, db.NewID()); r.Status != 422 ||
			r.Problem.Field != "slips[1].at" || r.Problem.Code != "request.instant" || strings.Contains(r.Problem.Reason, "parsing") {
			t.Errorf("a slip with a bad time: %d %+v", r.Status, r.Problem)
		}
		if r := desk.ask(post, at+"/blocks/"+b.ID+"/slips", map[string]any{"device": db.NewID(), "slips": slips}, db.NewID()); r.Status != 404 {
			t.Errorf("another device brings slips: %d", r.Status)
		}
	})
}
