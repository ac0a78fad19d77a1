package web

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"yiji/booths"
)

// upload sends a form with a file, as a browser does.
func (b *browser) upload(path string, v url.Values, name string, content []byte) answer {
	b.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for k, vs := range v {
		for _, s := range vs {
			if err := w.WriteField(k, s); err != nil {
				b.t.Fatal(err)
			}
		}
	}
	part, err := w.CreateFormFile("file", name)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := part.Write(content); err != nil {
		b.t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		b.t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, b.base+path, &body)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", w.FormDataContentType())
	req.Header.Set("Origin", b.base)
	a := b.do(req)
	sound(b.t, a.Body)
	return a
}

func TestARosterIsLookedAtAndThenImported(t *testing.T) {
	raw, err := os.ReadFile("../booths/testdata/xiangyang.yaml")
	if err != nil {
		t.Fatal(err)
	}
	atOffice(t, func(o *office) {
		t, at := o.t, o.home+"/import"
		v := func(market string) url.Values {
			return with(o.mine.whole(o.mine.get(at).Body, at), "market", market, "step", "preview")
		}
		says(t, o.mine.post(at, v("new")), 422, "请先选一个文件")
		bad := strings.Replace(string(raw), "kind: item, minutes: 25", "kind: item, minutes: 2500", 1)
		says(t, o.mine.upload(at, v("new"), "a.yaml", []byte(bad)), 422, "合伙人 4 · 服务 1 · 分钟")
		says(t, o.mine.upload(at, v("new"), "a.doc", raw), 422, "请用 .xlsx")
		preview := o.mine.upload(at, v("new"), "a.yaml", raw)
		says(t, preview, 200, "新增 5 家，修改 0 家，不变 0 家", "山东省第二康复医院", "布置会换成 8 个摊位", "11月19日", "幸福长“9”")
		if all, _ := o.Booths.Partners(t.Context(), o.place.ID); len(all) != 0 {
			t.Fatal("the preview has imported something")
		}
		confirm := with(o.mine.whole(preview.Body, at), "step", "confirm")
		says(t, o.mine.post(at, with(clone(confirm), "roster", "AAAA")), 422, "请重新选文件")
		says(t, o.mine.post(at, confirm), 200, "名册已导入", "济宁银行")
		says(t, o.mine.post(at, confirm), 200, "名册已导入") // twice changes nothing
		markets, err := o.Scheduler.Markets(t.Context(), o.place.ID)
		if err != nil || len(markets) != 1 || markets[0].Opens.String() != "09:00" {
			t.Fatalf("%+v %v", markets, err)
		}
		o.refused(at, at)
		o.refused(at + "/roster.xlsx")
		if a := o.foreign.get(at + "/template.xlsx"); a.Status != 403 {
			t.Errorf("a foreigner reads the template here: %d", a.Status)
		}

		// Out again as a workbook, and in: nothing would change.
		all, err := o.Booths.Partners(t.Context(), o.place.ID)
		if err != nil {
			t.Fatal(err)
		}
		p := all[0]
		p.Contact = booths.Contact{Person: "=cmd|calc", Telephone: "+86 538 1"}
		if _, err := o.Booths.SavePartner(t.Context(), booths.Scope{CommunityID: o.place.ID}, p); err != nil {
			t.Fatal(err)
		}
		file := o.mine.get(at + "/roster.xlsx?market=" + markets[0].ID)
		if file.Status != 200 || !strings.Contains(file.Header.Get("Content-Disposition"), "attachment") {
			t.Fatalf("%d %v", file.Status, file.Header)
		}
		r, err := booths.ReadXLSX([]byte(file.Body))
		if err != nil || len(r.Partners) != 5 || r.Partners[0].Contact != p.Contact {
			t.Fatalf("%+v %v", r.Partners, err)
		}
		says(t, o.mine.upload(at, v(markets[0].ID), "名册.xlsx", []byte(file.Body)), 200, "新增 0 家，修改 0 家，不变 5 家")
		csv := "名称,类型,类别,服务,分钟\n济宁银行,单位,fun,理财咨询,10\n新来的,个人,repair,修伞,6\n"
		says(t, o.mine.upload(at, v(""), "a.csv", []byte(csv)), 200, "新增 1 家，修改 1 家", "+ 理财咨询", "− 豆浆热饮", "只导入合伙人")
		template := o.mine.get(at + "/template.xlsx")
		if _, err := booths.ReadXLSX([]byte(template.Body)); template.Status != 200 || err != nil {
			t.Errorf("%d %v", template.Status, err)
		}
		says(t, o.mine.upload(at, v(""), "a.csv", []byte("名称,服务,分钟\n甲,修伞,许多\n")), 422, "第2行")
	})
}

// A workbook cannot say what a zone accepts: an import keeps what is there.
func TestAnImportKeepsWhatItCannotSay(t *testing.T) {
	atOffice(t, func(o *office) {
		t, m, at := o.t, o.market("m"), o.home+"/import"
		l := booths.Layout{Zones: []booths.Zone{{Name: "北区", Accepts: []string{"clinic"}}}, Booths: []booths.Booth{{Code: "N1", Zone: "北区"}, {Code: "N2", Zone: "北区"}}, Wanted: []string{"理发"}}
		if err := o.Booths.SaveLayout(t.Context(), o.place.ID, m.ID, l); err != nil {
			t.Fatal(err)
		}
		o.partner("济宁银行")
		file := o.mine.get(at + "/roster.xlsx")
		r, err := booths.ReadXLSX([]byte(file.Body))
		if err != nil {
			t.Fatal(err)
		}
		r.Booths = r.Booths[:1]
		smaller, err := booths.WriteXLSX(r)
		if err != nil {
			t.Fatal(err)
		}
		preview := o.mine.upload(at, with(o.mine.whole(o.mine.get(at).Body, at), "step", "preview"), "r.xlsx", smaller)
		says(t, preview, 200, "去掉的摊位", "N2", "不变 1 家")
		says(t, o.mine.post(at, with(o.mine.whole(preview.Body, at), "step", "confirm")), 200, "名册已导入")
		got, err := o.Booths.Layout(t.Context(), o.place.ID, m.ID)
		if err != nil || len(got.Booths) != 1 || len(got.Zones) != 1 || len(got.Zones[0].Accepts) != 1 || len(got.Wanted) != 1 {
			t.Errorf("%+v %v", got, err)
		}
	})
}
