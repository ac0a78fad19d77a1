package booths

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"yiji/internal/fault"
)

// The Excel form of a roster: up to four sheets, headings in the first row in
// any order, one thing per row; empty rows do not count. Lists are separated by
// 、 , ; or a line break. Template makes an empty one with an example.
//
//	市集   项目 | 内容           社区标识 社区名称 城市 地址 电话 市集名称 地点 规则 开市 收市 想要的服务
//	摊位   编号 区域 横 纵 宽 深 设施                                  metres
//	伙伴   名称 类型 类别 常驻 新伙伴 响 宽 深 想要的摊位 联系人 电话 邮箱
//	服务   伙伴 名称 方式 分钟 数量 需要 价格 证照 位置                位置 groups services into places
//
// 类型 is 单位 or 个人, 方式 is 现场 (person), 寄放 (item) or 领取 (stock),
// 设施 and 需要 are 电源 水 遮阳 室内 车辆 安静 无障碍 (or the English words).
// A row of 区域 with no 编号 on sheet 摊位 is not needed: zones are those named.
const (
	sheetMarket   = "市集"
	sheetBooths   = "摊位"
	sheetPartners = "伙伴"
	sheetServices = "服务"
	sheetCSV      = "csv" // not a sheet: the one table of a CSV file
)

// headings of the sheets; the first is the one a row cannot do without.
var headings = map[string][]string{
	sheetMarket:   {"项目", "内容"},
	sheetBooths:   {"编号", "区域", "横", "纵", "宽", "深", "设施"},
	sheetPartners: {"名称", "类型", "类别", "常驻", "新伙伴", "响", "宽", "深", "想要的摊位", "联系人", "电话", "邮箱"},
	sheetServices: {"伙伴", "名称", "方式", "分钟", "数量", "需要", "价格", "证照", "位置"},
	sheetCSV: {"名称", "类型", "类别", "常驻", "新伙伴", "响", "宽", "深", "联系人", "电话", "邮箱",
		"服务", "方式", "分钟", "数量", "需要", "价格", "证照", "位置"},
}

// words are the Chinese words of the tables and what the program calls them.
var words = map[string]string{
	"单位": KindOrganisation, "机构": KindOrganisation, "个人": KindIndividual,
	"现场": KindPerson, "寄放": KindItem, "领取": KindStock,
	"电源": "power", "电": "power", "水": "water", "遮阳": "shade", "室内": "indoors",
	"车辆": "vehicle", "安静": "quiet", "无障碍": "wheelchair",
	"是": "true", "否": "false", "有": "true", "无": "false", "√": "true", "": "",
}

func word(s string) string {
	if w, ok := words[s]; ok {
		return w
	}
	return s
}

const (
	maxRows      = 20_000
	maxColumns   = 256
	maxUnzipped  = 64 << 20
	maxCellBytes = 8000
)

// ReadXLSX reads a roster from an Excel workbook.
func ReadXLSX(data []byte) (Roster, error) {
	f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{UnzipSizeLimit: maxUnzipped, UnzipXMLSizeLimit: maxUnzipped})
	if err != nil {
		return Roster{}, fault.Invalid("roster.xlsx", "file", "cannot be read as an Excel workbook (.xlsx): %v", err)
	}
	defer f.Close()
	r := Roster{}
	tables := map[string][]row{}
	for _, sheet := range []string{sheetMarket, sheetBooths, sheetPartners, sheetServices} {
		if tables[sheet], err = readSheet(f, sheet); err != nil {
			return Roster{}, err
		}
	}
	if len(tables[sheetPartners]) == 0 && len(tables[sheetBooths]) == 0 {
		return Roster{}, fault.Invalid("roster.empty", "file", "has neither partners on sheet %s nor booths on sheet %s", sheetPartners, sheetBooths)
	}
	t := &tableReader{}
	t.market(&r, tables[sheetMarket])
	t.booths(&r, tables[sheetBooths])
	t.partners(&r, tables[sheetPartners])
	t.services(&r, tables[sheetServices])
	if t.err != nil {
		return Roster{}, t.err
	}
	return r, r.Check()
}

// row is a line of a table by heading; where names it for messages.
type row struct {
	where string
	cells map[string]string
}

func (r row) at(heading string) string { return r.where + "." + heading }

func readSheet(f *excelize.File, sheet string) (out []row, err error) {
	defer func() { // a damaged workbook must not end the program
		if p := recover(); p != nil {
			err = fault.Invalid("roster.xlsx", sheet, "the sheet is damaged")
		}
	}()
	rows, err := f.Rows(sheet)
	var missing excelize.ErrSheetNotExist
	if errors.As(err, &missing) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.Invalid("roster.xlsx", sheet, "cannot be read: %v", err)
	}
	defer rows.Close()
	var lines [][]string
	for rows.Next() {
		if len(lines) > maxRows {
			return nil, fault.Invalid("roster.too_large", sheet, "has more than %d rows", maxRows)
		}
		cells, err := rows.Columns()
		if err != nil {
			return nil, fault.Invalid("roster.xlsx", sheet, "cannot be read: %v", err)
		}
		if len(cells) > maxColumns { // one far cell makes a whole row of empty ones
			return nil, fault.Invalid("roster.too_large", sheet, "row %d has more than %d cells", len(lines)+1, maxColumns)
		}
		lines = append(lines, cells)
	}
	if err := rows.Error(); err != nil {
		return nil, fault.Invalid("roster.xlsx", sheet, "cannot be read: %v", err)
	}
	return table(sheet, lines)
}

// table turns lines of cells into rows by the headings of the first line.
func table(sheet string, lines [][]string) ([]row, error) {
	if len(lines) == 0 {
		return nil, nil
	}
	known := map[string]bool{}
	for _, h := range headings[sheet] {
		known[h] = true
	}
	head := make([]string, len(lines[0]))
	seen := map[string]bool{}
	for i, cell := range lines[0] {
		name := strings.TrimSpace(cell)
		switch {
		case name == "":
			continue
		case !known[name]:
			return nil, fault.Invalid("roster.heading_unknown", sheet+" "+short(name), "heading %q is unknown; known are %s", short(name), strings.Join(headings[sheet], " "))
		case seen[name]:
			return nil, fault.Invalid("roster.heading_twice", sheet+" "+short(name), "heading %q stands twice", name)
		}
		head[i], seen[name] = name, true
	}
	if !seen[headings[sheet][0]] {
		return nil, fault.Invalid("roster.heading_missing", sheet, "the first row needs a heading %s", headings[sheet][0])
	}
	var out []row
	for i, line := range lines[1:] {
		r, empty := row{where: fmt.Sprintf("%s!%d", sheet, i+2), cells: map[string]string{}}, true
		for k, cell := range line {
			cell = strings.TrimSpace(cell)
			if cell == "" {
				continue
			}
			if k >= len(head) || head[k] == "" {
				return nil, fault.Invalid("roster.no_heading", r.where, "cell %d has no heading", k+1)
			}
			if len(cell) > maxCellBytes {
				return nil, fault.Invalid("text.too_long", r.at(head[k]), "the cell is too long").Telling("most", strconv.Itoa(maxCellBytes))
			}
			r.cells[head[k]], empty = cell, false
		}
		if !empty {
			out = append(out, r)
		}
	}
	return out, nil
}

// tableReader reads rows; it keeps the first fault and then does nothing.
type tableReader struct{ err error }

func (t *tableReader) fail(code, field, reason string, args ...any) {
	if t.err == nil {
		t.err = fault.Invalid(code, field, reason, args...)
	}
}

func (t *tableReader) text(r row, heading string) string {
	s := harmful(r.cells[heading])
	if s == "" {
		return ""
	}
	if err := checkText(strings.ReplaceAll(s, "\n", " "), heading, maxCellBytes); err != nil {
		t.err = cmp.Or(t.err, error(fault.From(err).Renamed(func(string) string { return r.at(heading) })))
	}
	return s
}

func (t *tableReader) list(r row, heading string) []string {
	var out []string
	for _, s := range strings.FieldsFunc(t.text(r, heading), func(c rune) bool { return strings.ContainsRune("、,，;；\n", c) }) {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, word(s))
		}
	}
	return out
}

func (t *tableReader) number(r row, heading string) int {
	s := r.cells[heading]
	if s == "" {
		return 0
	}
	n, err := strconv.Atoi(strings.TrimSuffix(s, ".0"))
	if err != nil || n > 1_000_000_000 || n < -1_000_000_000 {
		t.fail("roster.not_number", r.at(heading), "%q must be a whole number", short(s))
	}
	return n
}

func (t *tableReader) decimal(r row, heading string) float64 {
	s := r.cells[heading]
	if s == "" {
		return 0
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.fail("roster.not_number", r.at(heading), "%q must be a number", short(s))
	}
	return f
}

func (t *tableReader) metres(r row, heading string) CM {
	c, ok := cm(t.decimal(r, heading))
	if !ok {
		t.fail("booth.metres", r.at(heading), "is out of range")
	}
	return c
}

func (t *tableReader) yes(r row, heading string) bool {
	switch w := word(r.cells[heading]); w {
	case "true", "1":
		return true
	case "", "false", "0":
	default:
		t.fail("roster.not_bool", r.at(heading), "%q must be 是 or 否", short(w))
	}
	return false
}
