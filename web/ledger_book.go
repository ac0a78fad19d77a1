package web

import (
	"strings"

	"github.com/xuri/excelize/v2"
)

// The kinds of cells a ledger has.
const (
	asText  = "@"
	asDate  = "yyyy-mm-dd"
	asClock = "hh:mm"
	asCount = "#,##0"
	asMean  = "0.0"
	asShare = "0.00%"
)

// heading is a column: its words, how its cells are written, how broad it is in characters.
type heading struct {
	key    string
	format string
	width  float64
}

// book writes sheets and keeps the first thing that went wrong.
type book struct {
	*excelize.File
	styles map[string]int
	err    error
}

func newBook() *book { return &book{File: excelize.NewFile(), styles: map[string]int{}} }

func (b *book) try(err error) {
	if b.err == nil {
		b.err = err
	}
}

// style is the style of a kind of cells; "head" is that of headings.
func (b *book) style(kind string) int {
	if id, known := b.styles[kind]; known {
		return id
	}
	s := &excelize.Style{Alignment: &excelize.Alignment{Vertical: "top", WrapText: kind == asText}, CustomNumFmt: &kind}
	if kind == "head" {
		s = &excelize.Style{
			Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"EDF4EC"}},
			Alignment: &excelize.Alignment{WrapText: true, Vertical: "center"},
			Border:    []excelize.Border{{Type: "bottom", Color: "000000", Style: 2}},
		}
	}
	id, err := b.NewStyle(s)
	b.try(err)
	b.styles[kind] = id
	return id
}

// sheet writes a sheet: headings that stay, columns of their width, one A4
// page across.
func (b *book) sheet(name string, head []heading, says func(key string) string, rows [][]any) {
	_, err := b.NewSheet(name)
	b.try(err)
	for i, h := range head {
		col, err := excelize.ColumnNumberToName(i + 1)
		b.try(err)
		b.try(b.SetColWidth(name, col, col, h.width))
		b.cell(spot{name, i + 1, 1}, says(h.key), "head")
		for y, row := range rows {
			b.cell(spot{name, i + 1, y + 2}, row[i], h.format)
		}
	}
	b.try(b.SetPanes(name, &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}))
	landscape, a4, across, down, fit := "landscape", 9, 1, 0, true
	b.try(b.SetPageLayout(name, &excelize.PageLayoutOptions{Orientation: &landscape, Size: &a4, FitToWidth: &across, FitToHeight: &down}))
	b.try(b.SetSheetProps(name, &excelize.SheetPropsOptions{FitToPage: &fit}))
	b.try(b.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", RefersTo: "'" + name + "'!$1:$1", Scope: name}))
}

// spot is a cell of a sheet; columns and rows count from 1.
type spot struct {
	sheet string
	x, y  int
}

func (b *book) cell(s spot, value any, kind string) {
	at, err := excelize.CoordinatesToCellName(s.x, s.y)
	b.try(err)
	if words, ok := value.(string); ok {
		b.try(b.SetCellStr(s.sheet, at, harmless(words)))
	} else if value != nil {
		b.try(b.SetCellValue(s.sheet, at, value))
	}
	b.try(b.SetCellStyle(s.sheet, at, at, b.style(kind)))
}

// harmless makes a text that no spreadsheet takes for a formula, also not after
// it was saved as CSV.
func harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r＝＋－＠", []rune(s)[0]) {
		return "'" + s
	}
	return s
}

// chart is a chart of rows 2 to last+1 of a sheet: column x names, the others are drawn.
type chartPlan struct {
	sheet, at, title string
	kind             excelize.ChartType
	rows             int
	columns          []string
}

func (b *book) draw(p chartPlan) {
	if p.rows == 0 {
		return
	}
	area := func(col string) string {
		return "'" + p.sheet + "'!$" + col + "$2:$" + col + "$" + itoa(p.rows+1)
	}
	c := &excelize.Chart{Type: p.kind, Title: excelize.ChartTitle{Paragraph: []excelize.RichTextRun{{Text: p.title}}},
		Legend: excelize.ChartLegend{Position: "bottom"}, Dimension: excelize.ChartDimension{Width: 640, Height: 300}}
	for _, col := range p.columns[1:] {
		c.Series = append(c.Series, excelize.ChartSeries{Name: "'" + p.sheet + "'!$" + col + "$1", Categories: area(p.columns[0]), Values: area(col)})
	}
	b.try(b.AddChart(p.sheet, p.at, c))
}

// bytes is the finished workbook.
func (b *book) bytes() ([]byte, error) {
	b.try(b.DeleteSheet("Sheet1"))
	b.SetActiveSheet(0)
	if b.err != nil {
		return nil, b.err
	}
	out, err := b.WriteToBuffer()
	if err != nil {
		return nil, err
	}
	return out.Bytes(), b.Close()
}
