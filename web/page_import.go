package web

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"

	"github.com/a-h/templ"

	"yiji/booths"
	"yiji/internal/fault"
	"yiji/scheduler"
)

// What a roster is imported into, beside the id of a market.
const (
	intoNone = ""    // the partners alone
	intoNew  = "new" // the market the roster describes
)

type importView struct {
	page
	form    form
	Markets []scheduler.Market
}

// importPreview is what an import would do, before it is done.
type importPreview struct {
	page
	form   form
	Roster string // packed, for the confirmation
	Into   string // name of the market, "" for none
	Next   []scheduler.Occurrence
	rosterDiff
}

var importFields = []string{"file", "market", "roster", "step"}

func (s *Server) importPage(c *call) error {
	f := c.form(importFields...)
	v, err := c.importView(f)
	if err != nil {
		return err
	}
	if len(v.Markets) > 0 {
		v.form = f.With("market", v.Markets[0].ID)
	}
	return c.show(importPage(v))
}

func (c *call) importView(f form) (importView, error) {
	v := importView{page: c.console("office.import"), form: f}
	var err error
	v.Markets, err = c.server.Scheduler.Markets(c.ctx(), c.In.CommunityID)
	return v, err
}

func (c *call) importAgain(f form, failed error) error {
	v, err := c.importView(f)
	if err != nil {
		return err
	}
	fl := faultOf(failed).Renamed(func(field string) string { return rosterPlace(c.Lang, field) })
	return c.again(f, fl, func(f form) templ.Component {
		v.form = f
		return importPage(v)
	})
}

// importRoster shows what a file would change, and does it when it comes back
// confirmed. The preview carries the roster itself: the file is sent once.
func (s *Server) importRoster(c *call) error {
	f := c.form(importFields...)
	var r booths.Roster
	var err error
	if f.Get("step") == "confirm" {
		err = unpackRoster(f.Get("roster"), &r)
	} else {
		r, err = c.rosterSent()
	}
	if err != nil {
		return c.importAgain(f, err)
	}
	m, isNew, err := c.importInto(f.Get("market"), r)
	if err != nil {
		return c.importAgain(f, err)
	}
	if f.Get("step") != "confirm" {
		return c.importPreview(f, r, m)
	}
	if isNew {
		if m, err = s.Scheduler.SaveMarket(c.ctx(), m); err != nil {
			return c.importAgain(f, err)
		}
	}
	if r, err = c.keepAccepts(r, m.ID); err != nil {
		return err
	}
	if _, err = s.Booths.Import(c.ctx(), c.In.CommunityID, m.ID, r); err != nil {
		return c.importAgain(f, err)
	}
	return c.done("/o/"+c.Community.Slug+"/partners", "done.imported")
}

// rosterSent reads the file that was sent.
func (c *call) rosterSent() (booths.Roster, error) {
	name, content, err := c.upload("file")
	if err == nil && name == "" {
		err = fault.Invalid("office.file_missing", "file", "choose a file")
	}
	if err != nil {
		return booths.Roster{}, err
	}
	return booths.ReadRoster(name, content)
}

// importInto finds the market a roster goes into, or makes out the one it
// describes. A market of that name that is there already is used.
func (c *call) importInto(choice string, r booths.Roster) (m scheduler.Market, isNew bool, err error) {
	switch choice {
	case intoNone:
		return m, false, nil
	case intoNew:
	default:
		m, err = c.server.Scheduler.Market(c.ctx(), c.In.CommunityID, choice)
		return m, false, err
	}
	if m, err = marketOfRoster(r); err != nil {
		return m, false, err
	}
	m.CommunityID = c.In.CommunityID
	all, err := c.server.Scheduler.Markets(c.ctx(), c.In.CommunityID)
	if err != nil {
		return m, false, err
	}
	if i := slices.IndexFunc(all, func(o scheduler.Market) bool { return o.Name == m.Name }); i >= 0 {
		return all[i], false, nil
	}
	_, err = c.nameMarket(&m)
	return m, true, err
}

// marketOfRoster is the market a roster describes.
func marketOfRoster(r booths.Roster) (m scheduler.Market, err error) {
	if r.Market.Name == "" || len(r.Market.Rule) == 0 {
		return m, fault.Invalid("office.roster_no_market", "market", "the roster names no market with a rule")
	}
	m = scheduler.Market{Name: r.Market.Name, Venue: r.Market.Venue, Leads: scheduler.DefaultLeads(), ResidentsReported: r.Market.ResidentsReported}
	if m.Rule, err = scheduler.ParseRule(r.Market.Rule); err != nil {
		return m, fault.From(err).In("market.rule")
	}
	if m.Holiday, err = scheduler.ParsePolicy("market.holiday", r.Market.Holiday); err != nil {
		return m, err
	}
	if m.Weekend, err = scheduler.ParsePolicy("market.weekend", r.Market.Weekend); err != nil {
		return m, err
	}
	if m.Opens, err = scheduler.ParseTimeOfDay("market.opens", r.Market.Opens); err != nil {
		return m, err
	}
	m.Closes, err = scheduler.ParseTimeOfDay("market.closes", r.Market.Closes)
	return m, err
}

func (c *call) importPreview(f form, r booths.Roster, m scheduler.Market) error {
	v := importPreview{page: c.console("office.import_preview"), form: f, Into: m.Name}
	var err error
	if m.Name != "" && m.ID == "" {
		if v.Next, err = c.server.Scheduler.PreviewMarket(c.ctx(), m, localDate(c.Community, v.Now), 12); err != nil {
			return c.importAgain(f, err)
		}
	}
	if v.rosterDiff, err = c.compare(r, m); err != nil {
		return err
	}
	if v.Roster, err = packRoster(r); err != nil {
		return fault.Internal(err)
	}
	return c.show(importPreviewPage(v))
}

// keepAccepts lets zones of a table keep the categories they accept: a table
// has no place for them.
func (c *call) keepAccepts(r booths.Roster, marketID string) (booths.Roster, error) {
	if marketID == "" || len(r.Booths) == 0 {
		return r, nil
	}
	old, err := c.server.Booths.Layout(c.ctx(), c.In.CommunityID, marketID)
	for i := range r.Zones {
		for _, z := range old.Zones {
			if z.Name == r.Zones[i].Name && len(r.Zones[i].Accepts) == 0 {
				r.Zones[i].Accepts = z.Accepts
			}
		}
	}
	if len(r.Wanted) == 0 {
		r.Wanted = old.Wanted
	}
	return r, err
}

// packRoster makes a roster small enough for a hidden field.
func packRoster(r booths.Roster) (string, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if err := json.NewEncoder(z).Encode(r); err != nil {
		return "", err
	}
	if err := z.Close(); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(b.Bytes()), nil
}

// rosterUnpacked bounds what a hidden field may unfold to.
const rosterUnpacked = 32 << 20

func unpackRoster(s string, r *booths.Roster) error {
	broken := fault.Invalid("office.roster_broken", "file", "the preview was damaged; choose the file again")
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return broken
	}
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return broken
	}
	d := json.NewDecoder(io.LimitReader(z, rosterUnpacked))
	d.DisallowUnknownFields()
	if d.Decode(r) != nil {
		return broken
	}
	return r.Check()
}

// rosterTemplate is an empty workbook with an example.
func (s *Server) rosterTemplate(c *call) error {
	file, err := booths.Template()
	if err != nil {
		return fault.Internal(err)
	}
	return c.workbook(c.T("office.template_name"), file)
}

// rosterExport is the roster of the community as a workbook.
func (s *Server) rosterExport(c *call) error {
	m := scheduler.Market{}
	all, err := s.Scheduler.Markets(c.ctx(), c.In.CommunityID)
	if err != nil {
		return err
	}
	if len(all) > 0 {
		m = all[0]
	}
	if id := c.QueryParam("market"); id != "" {
		if m, err = s.Scheduler.Market(c.ctx(), c.In.CommunityID, id); err != nil {
			return err
		}
	}
	r, err := s.Booths.Export(c.ctx(), c.In.CommunityID, m.ID)
	if err != nil {
		return err
	}
	k := c.Community
	r.Community = booths.RosterCommunity{Slug: k.Slug, Name: k.Name, City: k.City, Address: k.Address, Telephone: k.Phone}
	if m.ID != "" {
		r.Market = booths.RosterMarket{Name: m.Name, Venue: m.Venue, Rule: json.RawMessage(m.Rule.String()), Opens: m.Opens.String(), Closes: m.Closes.String(), ResidentsReported: m.ResidentsReported}
	}
	file, err := booths.WriteXLSX(r)
	if err != nil {
		return fault.Internal(err)
	}
	return c.workbook(k.Name, file)
}

// workbook answers with an Excel file.
func (c *call) workbook(name string, content []byte) error {
	h := c.Response().Header()
	h.Set("Content-Disposition", "attachment; filename=\"roster.xlsx\"; filename*=UTF-8''"+url.PathEscape(name)+".xlsx")
	h.Set("Cache-Control", "no-store")
	return c.Blob(http.StatusOK, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", content)
}
