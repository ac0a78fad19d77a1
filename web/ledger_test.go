package web

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"yiji/booths/queue"
)

// held is a day that is over: four numbers of blood pressure, two served,
// one incident, two words.
func (f *fair) held() {
	f.t.Helper()
	line := f.opened()["血压"].ID
	for i := range 4 {
		_, err := f.Queue.Issue(f.t.Context(), queue.IssueRequest{DayID: f.day.ID, LineID: line, Via: queue.Desk, Visitor: strconv.Itoa(i)})
		f.ok(err)
	}
	f.hear()
	cmd := queue.LineCommand{CommunityID: f.place.ID, DayID: f.day.ID, LineID: line, By: "booth"}
	for _, minute := range []int{6, 14} {
		f.clock.Set(at(11, 19, 9, minute))
		t, err := f.Queue.Next(f.t.Context(), cmd)
		f.ok(err)
		done := cmd
		done.TicketID = t.ID
		f.clock.Set(at(11, 19, 9, minute+3))
		_, err = f.Queue.Serve(f.t.Context(), done)
		f.ok(err)
	}
	_, err := f.Queue.IncidentNote(f.t.Context(), queue.IncidentInput{CommunityID: f.place.ID, DayID: f.day.ID, Words: "老人晕倒，已送医"})
	f.ok(err)
	for i, words := range []string{"很好", "=HYPERLINK(\"http://x\")"} {
		f.ok(f.Queue.FeedbackGive(f.t.Context(), queue.FeedbackInput{DayID: f.day.ID, Visitor: strconv.Itoa(i), Mark: queue.Good, Words: words, Key: strconv.Itoa(i)}))
	}
	f.hear()
	f.until(at(11, 19, 11, 30))
	f.until(at(11, 19, 12, 0))
}

// workbookOf opens a download as people's programs do.
func workbookOf(t *testing.T, a answer) *excelize.File {
	t.Helper()
	if a.Status != 200 || !strings.Contains(a.Header.Get("Content-Type"), "spreadsheetml") || !strings.Contains(a.Header.Get("Content-Disposition"), ".xlsx") {
		t.Fatalf("%d %v", a.Status, a.Header)
	}
	z, err := zip.NewReader(strings.NewReader(a.Body), int64(len(a.Body)))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range z.File { // a part that does not parse is what Excel repairs
		r, err := part.Open()
		if err != nil {
			t.Fatal(err)
		}
		d := xml.NewDecoder(r)
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", part.Name, err)
			}
		}
		if strings.Contains(part.Name, "/worksheets/sheet") {
			raw, _ := part.Open()
			all, _ := io.ReadAll(raw)
			if bytes.Contains(all, []byte("<f>")) || bytes.Contains(all, []byte("<f ")) {
				t.Errorf("%s holds a formula", part.Name)
			}
		}
		r.Close()
	}
	f, err := excelize.OpenReader(strings.NewReader(a.Body))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// columnOf reads what stands under a heading.
func columnOf(t *testing.T, f *excelize.File, sheet, head string) (out []string) {
	t.Helper()
	rows, err := f.GetRows(sheet, excelize.Options{RawCellValue: true})
	if err != nil || len(rows) == 0 {
		t.Fatalf("%s: %v", sheet, err)
	}
	i := slices.Index(rows[0], head)
	if i < 0 {
		t.Fatalf("%s has no column %s: %v", sheet, head, rows[0])
	}
	for _, r := range rows[1:] {
		if i < len(r) {
			out = append(out, r[i])
		} else {
			out = append(out, "")
		}
	}
	return out
}

func TestTheLedgerHoldsWhatWasCounted(t *testing.T) {
	eachFair(t, func(t *testing.T, f *fair) {
		f.held()
		b := f.organizer()
		book := workbookOf(t, b.get(f.dutyPath()+"/ledger.xlsx"))
		if got := book.GetSheetList(); !slices.Equal(got, []string{"汇总", "服务明细", "合伙人", "到场时段", "反馈"}) {
			t.Errorf("sheets %v", got)
		}
		counted, err := f.Queue.DayFigures(t.Context(), f.place.ID, f.day.ID)
		f.ok(err)
		for _, want := range []struct {
			sheet, head string
			values      []string
		}{
			{"汇总", "到场居民（登记）", []string{strconv.Itoa(counted.Residents)}},
			{"汇总", "发号", []string{"4"}}, {"汇总", "完成", []string{"2"}}, {"汇总", "完成率", []string{"0.5"}}, {"汇总", "未轮到", []string{"2"}},
			{"汇总", "平均等候分钟", []string{"10"}}, {"汇总", "最长等候分钟", []string{"14"}}, {"汇总", "满意", []string{"2"}},
			{"汇总", "突发情况", []string{"09:17 老人晕倒，已送医"}},
			{"服务明细", "服务", []string{"耳穴", "血压", "磨刀"}}, {"服务明细", "完成", []string{"0", "2", "0"}}, {"服务明细", "平均分钟", []string{"", "3", ""}},
			{"合伙人", "合伙人", []string{"<市>医院", "磨刀师傅"}}, {"合伙人", "小时", []string{"0.1", "0"}},
			{"到场时段", "到场", []string{"4", "0", "0", "0"}}, {"到场时段", "在等", []string{"4", "3", "2", "2"}}, {"到场时段", "完成", []string{"0", "1", "0", "1"}},
			{"反馈", "写了什么", []string{"很好", "'=HYPERLINK(\"http://x\")"}},
		} {
			got := columnOf(t, book, want.sheet, want.head)
			if want.sheet == "反馈" {
				slices.Sort(got)
				slices.Sort(want.values)
			}
			if !slices.Equal(got, want.values) {
				t.Errorf("%s %s: %q, want %q", want.sheet, want.head, got, want.values)
			}
		}
		if shown, _ := book.GetCellValue("汇总", "N2"); shown != "50.00%" {
			t.Errorf("the rate shows as %q", shown)
		}
		if shown, _ := book.GetCellValue("到场时段", "B2"); shown != "09:00" {
			t.Errorf("the time shows as %q", shown)
		}
		if n := strings.Count(partNames(t, b.get(f.dutyPath()+"/ledger.xlsx").Body), "xl/charts/chart"); n != 2 {
			t.Errorf("%d charts", n)
		}
		layout, err := book.GetPageLayout("汇总")
		if f.ok(err); *layout.Orientation != "landscape" || *layout.Size != 9 {
			t.Errorf("prints as %s %d", *layout.Orientation, *layout.Size)
		}
		panes, err := book.GetPanes("服务明细")
		if f.ok(err); !panes.Freeze || panes.YSplit != 1 {
			t.Errorf("%+v", panes)
		}
		f.yearLedger(t, b)
	})
}

func (f *fair) yearLedger(t *testing.T, b *browser) {
	t.Helper()
	year := workbookOf(t, b.get("/o/xiangyang/ledger.xlsx?year=2026&lang=en"))
	if got := columnOf(t, year, "Summary", "Numbers"); len(got) != 1 || got[0] != "4" {
		t.Errorf("the year has %v", got)
	}
	empty := workbookOf(t, b.get("/o/xiangyang/ledger.xlsx?year=2025&lang=zh-Hant"))
	if got := empty.GetSheetList(); len(got) != 5 || got[0] != "彙總" {
		t.Errorf("an empty year has %v", got)
	}
	wants(t, b.get("/o/xiangyang/ledger.xlsx?year=many&lang=zh-Hans"), 422)
	f.stranger(t, []string{f.dutyPath() + "/ledger.xlsx", "/o/xiangyang/ledger.xlsx", f.dutyPath() + "/report"}, nil)
}

func partNames(t *testing.T, raw string) string {
	t.Helper()
	z, err := zip.NewReader(strings.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range z.File {
		names = append(names, p.Name)
	}
	return strings.Join(names, "\n")
}

func TestHarmlessCells(t *testing.T) {
	for in, want := range map[string]string{"": "", "血压": "血压", "=1": "'=1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "＝1": "'＝1", "＋": "'＋", "－": "'－", "＠": "'＠", "\t=1": "'\t=1"} {
		if got := harmless(in); got != want {
			t.Errorf("%q becomes %q", in, got)
		}
	}
}

func TestTheReportIsAPageOfProse(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		empty := f.organizer()
		wants(t, empty.get(f.dutyPath()+"/summary"), 200, "还没有人到场")
		wants(t, empty.get(f.dutyPath()+"/report"), 200)
		f.held()
		b := f.organizer()
		page := b.get(f.dutyPath() + "/summary")
		wants(t, page, 200, "血压 2 人次", "等候最长的是血压，14 分钟。", "居民评价：满意 2，一般 0，不满意 0。", "2 位没轮到", "平均等 10 分，最长 14 分", "老人晕倒")
		text := nodes(t, page.Body, "textarea")[0].FirstChild.Data
		if strings.Contains(text, "晕倒") || strings.Contains(text, "很好") {
			t.Errorf("the text for twenty groups tells too much:\n%s", text)
		}
		paper := b.get(f.dutyPath() + "/report")
		wants(t, paper, 200, "活动简报", "老人晕倒", "完成 2 人次")
		lacks(t, paper, "<form")
	})
}
