package booths

import (
	"slices"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// WriteXLSX writes a roster as the workbook ReadXLSX reads. Cells that a
// spreadsheet could take for a formula begin with an apostrophe, which
// ReadXLSX takes away again. What zones accept has no place in the form.
func WriteXLSX(r Roster) ([]byte, error) {
	return writeSheets(map[string][][]any{
		sheetMarket: marketLines(r), sheetBooths: boothLines(r.Booths), sheetPartners: partnerLines(r.Partners), sheetServices: serviceLines(r.Partners),
	})
}

// writeSheets writes the four sheets, each below its headings.
func writeSheets(lines map[string][][]any) ([]byte, error) {
	f := excelize.NewFile()
	defer f.Close()
	for _, sheet := range []string{sheetMarket, sheetBooths, sheetPartners, sheetServices} {
		if _, err := f.NewSheet(sheet); err != nil {
			return nil, err
		}
		head := []any{}
		for _, h := range headings[sheet] {
			head = append(head, h)
		}
		for i, line := range append([][]any{head}, lines[sheet]...) {
			cell, err := excelize.CoordinatesToCellName(1, i+1)
			if err != nil {
				return nil, err
			}
			for k := range line {
				if s, ok := line[k].(string); ok {
					line[k] = harmless(s)
				}
			}
			if err := f.SetSheetRow(sheet, cell, &line); err != nil {
				return nil, err
			}
		}
	}
	if err := f.DeleteSheet("Sheet1"); err != nil {
		return nil, err
	}
	out, err := f.WriteToBuffer()
	if err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// formulaSigns are what a spreadsheet may begin a formula with.
const formulaSigns = "=+-@\t\r＝＋－＠"

// harmless makes a text that no spreadsheet takes for a formula: one more
// apostrophe before it, so that one that has some keeps them.
func harmless(s string) string {
	if likeFormula(s) {
		return "'" + s
	}
	return s
}

// harmful takes the apostrophe of harmless away.
func harmful(s string) string {
	if rest, ok := strings.CutPrefix(s, "'"); ok && likeFormula(rest) {
		return rest
	}
	return s
}

// likeFormula reports whether a text begins as a formula does, or is one made harmless.
func likeFormula(s string) bool {
	s = strings.TrimLeft(s, "'")
	return s != "" && strings.ContainsRune(formulaSigns, []rune(s)[0])
}

func marketLines(r Roster) (out [][]any) {
	for _, l := range [][2]string{
		{"社区标识", r.Community.Slug}, {"社区名称", r.Community.Name}, {"城市", r.Community.City}, {"地址", r.Community.Address}, {"电话", r.Community.Telephone},
		{"市集名称", r.Market.Name}, {"地点", r.Market.Venue}, {"规则", string(r.Market.Rule)}, {"开市", r.Market.Opens}, {"收市", r.Market.Closes},
		{"想要的服务", strings.Join(r.Wanted, "、")},
	} {
		if l[1] != "" {
			out = append(out, []any{l[0], l[1]})
		}
	}
	return out
}

func boothLines(all []Booth) (out [][]any) {
	for _, b := range all {
		out = append(out, []any{b.Code, b.Zone, b.X.Metres(), b.Y.Metres(), size(b.W), size(b.H), featureWords(b.Features)})
	}
	return out
}

// size is a length that may be unknown.
func size(n CM) any {
	if n == 0 {
		return ""
	}
	return n.Metres()
}

// featureWords are the words of the tables for features.
func featureWords(list []string) string {
	said := map[string]string{"power": "电源", "water": "水", "shade": "遮阳", "indoors": "室内", "vehicle": "车辆", "quiet": "安静", "wheelchair": "无障碍"}
	out := slices.Clone(list)
	for i, f := range out {
		if w := said[f]; w != "" {
			out[i] = w
		}
	}
	return strings.Join(out, "、")
}

func yesNo(b bool) string {
	if b {
		return "是"
	}
	return "否"
}

func partnerLines(all []RosterPartner) (out [][]any) {
	kinds := map[string]string{KindOrganisation: "单位", KindIndividual: "个人"}
	for _, p := range all {
		out = append(out, []any{p.Name, kinds[p.Kind], p.Category, yesNo(p.Standing), yesNo(p.Newcomer), yesNo(p.Loud), size(p.W), size(p.H),
			strings.Join(p.Wishes.Booths, "、"), p.Contact.Person, p.Contact.Telephone, p.Contact.Email})
	}
	return out
}

func serviceLines(all []RosterPartner) (out [][]any) {
	kinds := map[string]string{KindPerson: "现场", KindItem: "寄放", KindStock: "领取"}
	for _, p := range all {
		for _, o := range p.Services {
			var stock, price any = "", ""
			if o.Stock > 0 {
				stock = o.Stock
			}
			if o.Price > 0 {
				price = float64(o.Price) / 100
			}
			out = append(out, []any{p.Name, o.Name, kinds[o.Kind], o.Minutes, stock, featureWords(o.Needs), price, o.Shows, placeNumber(p, o.Name)})
		}
	}
	return out
}

// placeNumber is the number of the place a service belongs to, "" where all are in one.
func placeNumber(p RosterPartner, service string) string {
	for i, place := range p.Places {
		if slices.Contains(place.Services, service) {
			return strconv.Itoa(i + 1)
		}
	}
	return ""
}
