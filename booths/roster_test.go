package booths

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"yiji/internal/fault"
	"yiji/internal/text"
)

func xiangyang(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/xiangyang.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestXiangyangPlan(t *testing.T) {
	r, err := ReadRoster("xiangyang.yaml", xiangyang(t))
	if err != nil {
		t.Fatal(err)
	}
	if string(r.Market.Rule) != `{"monthly":{"days":[19]}}` || r.Market.Opens != "09:00" || r.Market.ResidentsReported != 300 ||
		r.Arrivals.Residents != 300 || len(r.Booths) != 8 || len(r.Partners) != 5 {
		t.Fatalf("%+v", r)
	}
	if w := r.Warnings(); len(w) > 0 {
		t.Fatalf("warnings: %v", w)
	}
	for _, lang := range text.Langs {
		got, err := PlanRoster(r).JSON(lang)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("testdata", "xiangyang.plan."+lang+".json")
		if os.Getenv("YIJI_GOLDEN") != "" {
			if err := os.WriteFile(file, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s: %s", lang, diff)
		}
	}
}

const smallRoster = `community: {slug: s, name: N}
market: {name: M, rule: {dates: [2026-03-01]}, opens: "09:00", closes: "11:00"}
zones: [Z]
booths:
  - {code: A, zone: Z, features: [power]}
  - {code: B}
partners:
  - name: P
    kind: individual
    category: repair
    services:
      - {name: S, kind: person, minutes: 3}
`

func TestRosterRefusals(t *testing.T) {
	if _, err := ParseRoster([]byte(smallRoster)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, old, new, code, field string }{
		{"booth code twice", "code: B", "code: A", "booth.code_twice", "booths[1].code"},
		{"partner twice", "partners:", "partners:\n  - {name: ' p ', kind: individual, services: [{name: X, kind: person}]}", "partner.twice", "partners[1].name"},
		{"unknown key", "kind: individual", "kind: individual\n    colour: red", "roster.key_unknown", "partners[0].colour"},
		{"unknown top key", "zones:", "zonez:", "roster.key_unknown", "zonez"},
		{"key twice", "kind: individual", "kind: individual\n    kind: individual", "roster.key_twice", "partners[0].kind"},
		{"partner kind", "kind: individual", "kind: company", "partner.kind_unknown", "partners[0].kind"},
		{"service kind", "kind: person", "kind: thing", "service.kind_unknown", "partners[0].services[0].kind"},
		{"negative minutes", "minutes: 3", "minutes: -3", "service.minutes_negative", "partners[0].services[0].minutes"},
		{"minutes no number", "minutes: 3", "minutes: three", "roster.not_number", "partners[0].services[0].minutes"},
		{"stock without count", "kind: person", "kind: stock", "service.stock_count", "partners[0].services[0].stock"},
		{"count without stock", "minutes: 3", "stock: 3", "service.stock_kind", "partners[0].services[0].stock"},
		{"place of unknown service", "category: repair", "places: [{services: [T]}]", "place.service_unknown", "partners[0].places[0].services[0]"},
		{"place without service", "category: repair", "places: [{services: []}]", "place.empty", "partners[0].places[0].services"},
		{"unknown zone", "zone: Z", "zone: Y", "booth.zone_unknown", "booths[0].zone"},
		{"no booths", "booths:", "wanted:", "roster.key_missing", "booths"},
		{"missing name", "  - name: P\n    kind", "  - kind", "roster.key_missing", "partners[0].name"},
		{"closes first", `closes: "11:00"`, `closes: "08:00"`, "market.closes_first", "market.closes"},
		{"clock as number", `opens: "09:00"`, `opens: 9`, "roster.clock", "market.opens"},
		{"alias", "zones: [Z]", "zones: &z [Z]\nwanted: *z", "roster.not_list", "wanted"},
		{"far away", "code: B", "code: B, x: 1e9", "booth.metres", "booths[1].x"},
		{"two on one point", "{code: B", "{code: C, x: 4, y: 2}\n  - {code: B, x: 4, y: 2", "booth.same_point", "booths[2].x"},
		{"a wish for no booth", "category: repair", "wishes: {booths: [A, Q]}", "wish.booth_unknown", "partners[0].wishes.booths[1]"},
		{"a wish for no zone", "category: repair", "wishes: {zones: [Q]}", "wish.zone_unknown", "partners[0].wishes.zones[0]"},
		{"not a number", "code: B", "code: B, x: .nan", "roster.not_number", "booths[1].x"},
		{"control character", "name: P", `name: "P\u0007"`, "text.control", "partners[0].name"},
		{"raw control character", "name: P", "name: P\x07", "text.control", "file"},
		{"not UTF-8", "name: P", "name: \xc4\xe3", "text.not_utf8", "file"},
		{"empty name", "name: P", `name: " "`, "text.empty", "partners[0].name"},
		{"long name", "name: P", "name: " + strings.Repeat("长", 201), "text.too_long", "partners[0].name"},
		{"syntax", "zones: [Z]", "zones: [Z", "roster.yaml", "file"},
		{"not a mapping", smallRoster, "[]", "roster.not_mapping", "file"},
		{"empty", smallRoster, "# nothing", "roster.empty", "file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ParseRoster([]byte(strings.Replace(smallRoster, c.old, c.new, 1)))
			f := fault.From(err)
			if f == nil || f.Kind != fault.KindInvalid || f.Code != c.code || f.Field != c.field {
				t.Fatalf("got %+v, want %s at %s", f, c.code, c.field)
			}
		})
	}
}

func TestRosterSaysWhereItIsNotUTF8(t *testing.T) {
	_, err := ParseRoster([]byte("a: b\nname: \xff"))
	if err == nil || !strings.Contains(err.Error(), "line 2, column 7 (byte 11)") {
		t.Fatal(err)
	}
}

func TestRosterOfAnyScript(t *testing.T) {
	for _, name := range []string{"👩‍⚕️ 义诊队 🩺", "𠮷野家𡃁", "مستشفى الأمل", "בית חולים", "Ünïcødé", "“引号”、<b>"} {
		r, err := ParseRoster([]byte(strings.Replace(smallRoster, "name: P", "name: '"+name+"'", 1)))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := PlanRoster(r).In("en")
		if len(got.Assignments) != 1 || got.Assignments[0].Partner != name {
			t.Fatalf("%s: %+v", name, got)
		}
	}
}

func TestRosterOfTenThousandLines(t *testing.T) {
	var b strings.Builder
	b.WriteString("community: {slug: s, name: N}\nmarket: {name: M}\nbooths: [{code: A, features: [power]}, {code: B}]\npartners:\n")
	for i := range 10_000 {
		fmt.Fprintf(&b, "  - {name: 伙伴%d, kind: individual, services: [{name: S, kind: person, needs: [power]}]}\n", i)
	}
	r, err := ParseRoster([]byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	got := PlanRoster(r)
	if len(got.Assignments) != 1 || got.Assignments[0].Booth != "A" || len(got.Waitlist) != 9999 {
		t.Fatalf("%d placed, %d waiting", len(got.Assignments), len(got.Waitlist))
	}
}

func TestNeedsNoBoothMeets(t *testing.T) {
	r, err := ParseRoster([]byte(strings.Replace(smallRoster, "minutes: 3", "needs: [water, power]", 1)))
	if err != nil {
		t.Fatal(err)
	}
	w := r.Warnings()
	if len(w) != 1 || w[0].Field != "partners[0]" || w[0].Reason.Code != "booths.refused.needs" {
		t.Fatalf("%+v", w)
	}
	got := PlanRoster(r).In("zh-Hans")
	want := []WaitView{{Partner: "P", Position: 1, Reasons: []string{"没有摊位同时具备：电源、用水"}}}
	if diff := cmp.Diff(want, got.Waitlist); diff != "" {
		t.Fatal(diff)
	}
}

func TestEveryReasonHasATextInEveryLanguage(t *testing.T) {
	for _, lang := range text.Langs {
		for _, code := range deciders {
			if !text.Has(lang, "booths.waiting."+code) {
				t.Errorf("%s: booths.waiting.%s", lang, code)
			}
		}
		in := crowd(60, 30)
		in.Places[0].Locked, in.Places[1].Services[0].Needs = "B0001", []string{"stage"}
		r := Plan(in)
		for _, a := range r.Assignments {
			for _, s := range Sentences(a.Reasons, lang) {
				if strings.Contains(s, "booths.") || strings.Contains(s, "{") {
					t.Errorf("%s: %q", lang, s)
				}
			}
		}
	}
}

func TestTemplateIsARoster(t *testing.T) {
	data, err := Template()
	if err != nil {
		t.Fatal(err)
	}
	r, err := ReadRoster("x.XLSX", data)
	if err != nil {
		t.Fatal(err)
	}
	if r.Market.Opens != "09:00" || len(r.Booths) != 2 || len(r.Partners) != 2 || r.Partners[0].Services[0].Needs[0] != "quiet" ||
		!r.Partners[0].Standing || r.Partners[1].Services[0].Kind != KindItem || r.Booths[1].Features[0] != "vehicle" {
		t.Fatalf("%+v", r)
	}
	if got := PlanRoster(r); len(got.Assignments) != 2 {
		t.Fatalf("%+v", got)
	}
}

func workbook(t testing.TB, sheets map[string][][]any) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for sheet, lines := range sheets {
		if _, err := f.NewSheet(sheet); err != nil {
			t.Fatal(err)
		}
		for i, line := range lines {
			if err := f.SetSheetRow(sheet, fmt.Sprintf("A%d", i+1), &line); err != nil {
				t.Fatal(err)
			}
		}
	}
	out, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestWorkbookRefusals(t *testing.T) {
	booths := [][]any{{"编号", "横"}, {"A1", 0}}
	for _, c := range []struct {
		name        string
		sheets      map[string][][]any
		code, field string
	}{
		{"unknown heading", map[string][][]any{"摊位": {{"编号", "颜色"}, {"A1", "红"}}}, "roster.heading_unknown", "摊位 颜色"},
		{"no code heading", map[string][][]any{"摊位": {{"横"}, {"1"}}}, "roster.heading_missing", "摊位"},
		{"no number", map[string][][]any{"摊位": {{"编号", "横"}, {"A1", "左"}}}, "roster.not_number", "摊位!2.横"},
		{"code twice", map[string][][]any{"摊位": {{"编号"}, {"A1"}, {"A1"}}}, "booth.code_twice", "booths[1].code"},
		{"partner unknown", map[string][][]any{"摊位": booths, "伙伴": {{"名称"}, {"甲"}}, "服务": {{"伙伴", "名称"}, {"乙", "理发"}}}, "service.partner_unknown", "服务!2.伙伴"},
		{"partner without service", map[string][][]any{"摊位": booths, "伙伴": {{"名称"}, {"甲"}}}, "partner.no_service", "partners[0].services"},
		{"partner twice", map[string][][]any{"摊位": booths, "伙伴": {{"名称"}, {"甲"}, {"甲"}}, "服务": {{"伙伴", "名称"}, {"甲", "理发"}}}, "partner.no_service", "partners[1].services"},
		{"a row without end", map[string][][]any{"摊位": booths, "伙伴": {{"名称"}, append(make([]any, 16_383), "x")}}, "roster.too_large", "伙伴"},
		{"a name turned round", map[string][][]any{"摊位": booths, "伙伴": {{"名称"}, {"甲\u202e乙"}}}, "text.control", "伙伴!2.名称"},
		{"nothing", map[string][][]any{"别的": {{"x"}}}, "roster.empty", "file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ReadXLSX(workbook(t, c.sheets))
			if f := fault.From(err); f == nil || f.Code != c.code || f.Field != c.field {
				t.Fatalf("got %+v, want %s at %s", f, c.code, c.field)
			}
		})
	}
	if _, err := ReadXLSX([]byte("not a workbook")); !fault.Is(err, "roster.xlsx") {
		t.Fatal(err)
	}
}

const partnersCSV = "名称,类型,类别,服务,方式,分钟,数量,需要\r\n社区医院,单位,clinic,测血压,现场,3,,安静\r\n,,,心电图,现场,8,,安静、电源\r\n济宁银行,单位,fun,豆浆,领取,1,200,电源\r\n"

func TestCSVInBothEncodings(t *testing.T) {
	gb, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(partnersCSV))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"utf8": []byte(partnersCSV), "bom": []byte("\ufeff" + partnersCSV), "gb18030": gb} {
		r, err := ReadRoster("partners.csv", data)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(r.Partners) != 2 || len(r.Partners[0].Services) != 2 || r.Partners[0].Services[1].Needs[1] != "power" || r.Partners[1].Services[0].Stock != 200 {
			t.Fatalf("%s: %+v", name, r)
		}
	}
	if _, err := ReadRoster("x.csv", []byte("名称\n\xff\xff\xff\xff")); !fault.Is(err, "text.not_utf8") {
		t.Fatal(err)
	}
	if _, err := ReadRoster("x.doc", nil); !fault.Is(err, "roster.form_unknown") {
		t.Fatal(err)
	}
	if _, err := ReadRoster("x.csv", []byte("名称,服务\n甲,理发\n乙,理发\n甲,按摩\n")); !fault.Is(err, "partner.twice") {
		t.Fatal(err)
	}
}

// sound is what every decoder owes: a fault that says something, or a roster
// that passes its own check and can be planned.
func sound(t *testing.T, r Roster, err error) {
	t.Helper()
	if err != nil {
		f := fault.From(err)
		if f.Kind != fault.KindInvalid || f.Code == "" || f.Field == "" || f.Reason == "" {
			t.Fatalf("a fault that says too little: %+v", f)
		}
		return
	}
	if err := r.Check(); err != nil {
		t.Fatal(err)
	}
	if len(r.Partners)*len(r.Booths) < 2000 {
		checkSound(t, r.Input(), PlanRoster(r))
	}
}

func FuzzParseRoster(f *testing.F) {
	f.Add(xiangyang(f))
	f.Add([]byte(smallRoster))
	f.Add([]byte("a: &a [*a]"))
	f.Add([]byte("community: {slug: s, name: N}\nmarket: {name: M, rule: {a: [1, {b: 2}]}}\nbooths: []\npartners: []\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ParseRoster(data)
		sound(t, r, err)
	})
}

func FuzzReadCSV(f *testing.F) {
	f.Add([]byte(partnersCSV))
	f.Add([]byte("名称,服务\n\"甲\n\",理发"))
	f.Add([]byte("\xc3\xfb\xb3\xc6,\xb7\xfe\xce\xf1\n\xbc\xd7,\xc0\xed\xb7\xa2\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ReadCSV(data)
		sound(t, r, err)
	})
}

func FuzzReadXLSX(f *testing.F) {
	template, err := Template()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(template)
	f.Add(template[:len(template)/2])
	f.Add(bytes.Repeat([]byte("PK\x03\x04"), 20))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ReadXLSX(data)
		sound(t, r, err)
	})
}
