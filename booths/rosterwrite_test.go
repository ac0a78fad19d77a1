package booths

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

// What is exported and read again is the same, and no cell is a formula: names
// that begin like one come with an apostrophe and lose it when they are read.
func TestAnExportedRosterComesBackHarmless(t *testing.T) {
	r := Roster{Layout: Layout{Zones: []Zone{{Name: "健康区"}}, Booths: []Booth{{Code: "A1", Zone: "健康区", X: 250, Y: 300, W: 300, H: 300, Features: []string{"power", "own"}}}}}
	for _, name := range []string{"=1+2", "+86", "-师傅", "@群", "＝全角", "'=已有", "甲"} {
		r.Partners = append(r.Partners, RosterPartner{Name: name, Kind: KindIndividual, Category: "repair",
			Services: []Offering{{Name: name + "修理", Kind: KindPerson, Minutes: 5, Price: 250}}, Contact: Contact{Person: name, Telephone: "13800000000"}})
	}
	file, err := WriteXLSX(r)
	if err != nil {
		t.Fatal(err)
	}
	back, err := ReadXLSX(file)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range back.Partners {
		if p.Name != r.Partners[i].Name || p.Services[0].Name != r.Partners[i].Services[0].Name || p.Contact != r.Partners[i].Contact || p.Services[0].Price != 250 {
			t.Errorf("%+v came back as %+v", r.Partners[i], p)
		}
	}
	if diff := cmp.Diff(r.Booths, back.Booths); diff != "" || len(back.Partners) != len(r.Partners) {
		t.Error(len(back.Partners), diff)
	}
	f, err := excelize.OpenReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, sheet := range f.GetSheetList() {
		rows, err := f.GetRows(sheet)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			for _, cell := range row {
				if cell != "" && strings.ContainsRune(formulaSigns, []rune(cell)[0]) {
					t.Errorf("%s: %q could be a formula", sheet, cell)
				}
			}
		}
	}
}
