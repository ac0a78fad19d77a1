package booths

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"yiji/internal/fault"
)

// market reads the sheet of two columns that says whose market it is.
func (t *tableReader) market(r *Roster, rows []row) {
	fields := map[string]*string{
		"社区标识": &r.Community.Slug, "社区名称": &r.Community.Name, "城市": &r.Community.City,
		"地址": &r.Community.Address, "电话": &r.Community.Telephone,
		"市集名称": &r.Market.Name, "地点": &r.Market.Venue, "开市": &r.Market.Opens, "收市": &r.Market.Closes,
	}
	for _, line := range rows {
		name := t.text(line, "项目")
		if into, ok := fields[name]; ok {
			*into = t.text(line, "内容")
			continue
		}
		switch name {
		case "规则":
			rule := t.text(line, "内容")
			if !json.Valid([]byte(rule)) {
				t.fail("market.rule", line.at("内容"), "the rule is not JSON like {\"monthly\":{\"days\":[19]}}")
				return
			}
			r.Market.Rule = json.RawMessage(rule)
		case "想要的服务":
			r.Wanted = t.list(line, "内容")
		default:
			t.fail("roster.key_unknown", line.at("项目"), "%q is unknown", short(name))
		}
	}
	for _, at := range []string{r.Market.Opens, r.Market.Closes} {
		if at != "" && !clock.MatchString(at) && t.err == nil {
			t.err = fault.Invalid("roster.clock", sheetMarket, "%q is no time of the day like 09:00; format the cell as text", short(at))
		}
	}
}

func (t *tableReader) booths(r *Roster, rows []row) {
	zones := map[string]bool{}
	for _, line := range rows {
		b := Booth{
			Code: t.text(line, "编号"), Zone: t.text(line, "区域"),
			X: t.metres(line, "横"), Y: t.metres(line, "纵"), W: t.metres(line, "宽"), H: t.metres(line, "深"),
			Features: t.list(line, "设施"),
		}
		if b.Code == "" {
			t.fail("text.empty", line.at("编号"), "must not be empty")
		}
		if b.Zone != "" && !zones[b.Zone] {
			zones[b.Zone] = true
			r.Zones = append(r.Zones, Zone{Name: b.Zone})
		}
		r.Booths = append(r.Booths, b)
	}
}

func (t *tableReader) partners(r *Roster, rows []row) {
	for _, line := range rows {
		p := RosterPartner{
			Name: t.text(line, "名称"), Kind: word(t.text(line, "类型")), Category: t.text(line, "类别"),
			Standing: t.yes(line, "常驻"), Newcomer: t.yes(line, "新伙伴"), Loud: t.yes(line, "响"),
			W: t.metres(line, "宽"), H: t.metres(line, "深"),
			Wishes:  Wishes{Booths: t.list(line, "想要的摊位")},
			Contact: Contact{Person: t.text(line, "联系人"), Telephone: t.text(line, "电话"), Email: t.text(line, "邮箱")},
		}
		if p.Kind == "" {
			p.Kind = KindOrganisation
		}
		if p.Name == "" {
			t.fail("text.empty", line.at("名称"), "must not be empty")
		}
		r.Partners = append(r.Partners, p)
	}
}

// services hangs the services to their partners; 位置 groups them into places.
func (t *tableReader) services(r *Roster, rows []row) {
	at, groups := map[string]int{}, map[string]int{}
	for i := len(r.Partners) - 1; i >= 0; i-- {
		at[nameKey(r.Partners[i].Name)] = i
	}
	for _, line := range rows {
		i, ok := at[nameKey(t.text(line, "伙伴"))]
		if !ok {
			t.fail("service.partner_unknown", line.at("伙伴"), "no partner is called %q on sheet %s", short(line.cells["伙伴"]), sheetPartners)
			return
		}
		p := &r.Partners[i]
		o := Offering{
			Name: t.text(line, "名称"), Kind: word(t.text(line, "方式")), Minutes: t.number(line, "分钟"),
			Stock: t.number(line, "数量"), Needs: t.list(line, "需要"), Shows: t.text(line, "证照"),
		}
		if o.Kind == "" {
			o.Kind = KindPerson
		}
		if line.cells["分钟"] == "" {
			o.Minutes = defaultMinutes
		}
		price := t.decimal(line, "价格")
		if !(price >= 0 && price <= 1_000_000) {
			t.fail("service.price", line.at("价格"), "a price must be 0 to 1000000 yuan")
			return
		}
		o.Price = int(price*100 + 0.5)
		p.Services = append(p.Services, o)
		group := t.text(line, "位置")
		if group == "" {
			continue
		}
		key := nameKey(p.Name) + "\x00" + group
		k, known := groups[key]
		if !known {
			k = len(p.Places)
			groups[key] = k
			p.Places = append(p.Places, RosterPlace{})
		}
		p.Places[k].Services = append(p.Places[k].Services, o.Name)
	}
}

// ReadCSV reads partners from a table with the headings of sheet 伙伴 and,
// beside them, 服务 方式 分钟 数量 需要 价格 for one service; a partner with
// several services has a line for each, with its name repeated or left empty.
// The text is UTF-8 (with or without a byte order mark) or GB18030, as Excel in
// China writes it.
func ReadCSV(data []byte) (Roster, error) {
	data, err := decodeText(data)
	if err != nil {
		return Roster{}, err
	}
	in := csv.NewReader(bytes.NewReader(data))
	in.FieldsPerRecord = -1
	var lines [][]string
	for {
		line, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Roster{}, fault.Invalid("roster.csv", "file", "%v", err)
		}
		if lines = append(lines, line); len(lines) > maxRows {
			return Roster{}, fault.Invalid("roster.too_large", "file", "has more than %d rows", maxRows)
		}
	}
	rows, err := table(sheetCSV, lines)
	if err != nil {
		return Roster{}, err
	}
	if len(rows) == 0 {
		return Roster{}, fault.Invalid("roster.empty", "file", "has no partners")
	}
	r, t := Roster{}, &tableReader{}
	partners, services := splitCSV(t, rows)
	t.partners(&r, partners)
	t.services(&r, services)
	if t.err != nil {
		return Roster{}, t.err
	}
	return r, r.Check()
}

// splitCSV makes rows of sheets 伙伴 and 服务 out of lines that hold both.
func splitCSV(t *tableReader, rows []row) (partners, services []row) {
	last, seen := "", map[string]bool{}
	for _, line := range rows {
		name := line.cells["名称"]
		if name == "" {
			name = last
		}
		if name == "" {
			t.fail("text.empty", line.at("名称"), "must not be empty")
			return nil, nil
		}
		if key := nameKey(name); !seen[key] {
			seen[key] = true
			line.cells["名称"] = name
			partners = append(partners, line)
		} else if nameKey(last) != key {
			t.fail("partner.twice", line.at("名称"), "partner %q already stands further up; keep its lines together", short(name))
			return nil, nil
		}
		last = name
		service := row{where: line.where, cells: map[string]string{"伙伴": name, "名称": line.cells["服务"]}}
		for _, h := range []string{"方式", "分钟", "数量", "需要", "价格", "证照", "位置"} {
			if v, ok := line.cells[h]; ok {
				service.cells[h] = v
			}
		}
		services = append(services, service)
	}
	return partners, services
}

// decodeText finds out whether a text is UTF-8 or GB18030 and returns UTF-8.
func decodeText(data []byte) ([]byte, error) {
	if len(data) > maxRosterBytes {
		return nil, fault.Invalid("roster.too_large", "file", "the file is larger than %d MB", maxRosterBytes>>20)
	}
	if trimmed, bom := bytes.CutPrefix(data, []byte("\ufeff")); bom || utf8.Valid(data) {
		return trimmed, checkBytes(trimmed)
	}
	out, err := simplifiedchinese.GB18030.NewDecoder().Bytes(data)
	if err != nil || bytes.ContainsRune(out, utf8.RuneError) {
		return nil, fault.Invalid("text.not_utf8", "file", "is neither UTF-8 nor GB18030 (the encoding of Excel in China)")
	}
	return out, checkBytes(out)
}

// Template is an empty workbook in the form ReadXLSX reads, with an example.
func Template() ([]byte, error) {
	return writeSheets(map[string][][]any{
		sheetMarket: {{"社区标识", "xiangyang"}, {"社区名称", "向阳社区"}, {"市集名称", "公益市集"}, {"地点", "党群服务中心门口"},
			{"规则", `{"monthly":{"days":[19]}}`}, {"开市", "09:00"}, {"收市", "11:30"}, {"想要的服务", "测血压、理发"}},
		sheetBooths: {{"A1", "健康义诊区", 0, 0, 3, 3, "电源、安静"}, {"B1", "便民服务区", 4, 8, 3, 3, "车辆"}},
		sheetPartners: {{"社区医院", "单位", "clinic", "是", "否", "否", "", "", "A1", "王医生", "", ""},
			{"磨刀师傅", "个人", "sharpening", "否", "是", "否"}},
		sheetServices: {{"社区医院", "测血压", "现场", 3, "", "安静", 0, "", ""}, {"磨刀师傅", "磨剪子磨菜刀", "寄放", 6}},
	})
}
