package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"yiji/internal/db"
	"yiji/internal/event"
	"yiji/internal/outbox"
)

// yiji runs the command line in this process.
func yiji(t *testing.T, args ...string) (out, errs string, code int) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, &o, &e)
	return o.String(), e.String(), code
}

const roster = "../../internal/demo/xiangyang.yaml"

func TestPreviewAsTheReadmeTypesIt(t *testing.T) {
	out, errs, code := yiji(t, "preview", "--rule", `{"monthly":{"days":[19]}}`, "--holiday", "next-workday", "--weekend", "keep",
		"--tz", "Asia/Shanghai", "--from", "2026-01-01", "--count", "12", "--json")
	if code != exitOK {
		t.Fatalf("exit %d: %s", code, errs)
	}
	var dates []map[string]any
	if err := json.Unmarshal([]byte(out), &dates); err != nil || len(dates) != 12 {
		t.Fatalf("%d dates, %v", len(dates), err)
	}
	held := map[string]string{}
	for _, d := range dates {
		for _, field := range []string{"date", "rule_date", "weekday", "lunar", "shifted", "reason"} {
			if _, ok := d[field]; !ok {
				t.Errorf("%v has no %s", d, field)
			}
		}
		held[d["rule_date"].(string)] = d["date"].(string)
		if moved := d["date"] != d["rule_date"]; moved != d["shifted"] || moved != (d["reason"] != "") {
			t.Errorf("shifted and reason do not fit: %v", d)
		}
	}
	for rule, want := range map[string]string{"2026-02-19": "2026-02-24", "2026-06-19": "2026-06-22", "2026-04-19": "2026-04-19"} {
		if held[rule] != want {
			t.Errorf("%s is held on %s, want %s", rule, held[rule], want)
		}
	}
}

func TestPlanAsJSON(t *testing.T) {
	out, errs, code := yiji(t, "plan", roster, "--json")
	if code != exitOK {
		t.Fatalf("exit %d: %s", code, errs)
	}
	var plan struct {
		Pairs []struct {
			Partner, Booth string
			Place          int
			Score          int64
		}
		Assignments []struct {
			Partner, Booth string
			Place          int
			Score          int64
			Reasons        []string
		}
		Waitlist, Disturbances []map[string]any
	}
	if err := json.Unmarshal([]byte(out), &plan); err != nil {
		t.Fatal(err)
	}
	if len(plan.Assignments) != 6 || len(plan.Waitlist) != 0 || len(plan.Pairs) < 6 {
		t.Errorf("%d assigned, %d wait, %d pairs", len(plan.Assignments), len(plan.Waitlist), len(plan.Pairs))
	}
	for _, a := range plan.Assignments {
		if len(a.Reasons) == 0 || a.Score <= 0 {
			t.Errorf("%+v does not explain itself", a)
		}
	}
	if plan.Waitlist == nil || plan.Disturbances == nil {
		t.Error("an empty list is null")
	}
}

// The plan is a text for people: neighbours that disturb are said in words.
func TestThePlanIsReadAsText(t *testing.T) {
	out, errs, code := yiji(t, "plan", roster)
	if code != 0 || !strings.Contains(out, "8.94") || strings.ContainsAny(out, "{}") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
}

// Whatever is wrong is said with the field's name and the reason, and is exit 2.
func TestBadInputIsExitTwoAndNamesTheField(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	raw, err := os.ReadFile(roster)
	if err != nil {
		t.Fatal(err)
	}
	twice := write("twice.yaml", strings.Replace(string(raw), "code: A2", "code: A1", 1))
	gbk := write("gbk.yaml", "community: {name: \xcf\xf2\xd1\xf4}\n")
	changed := func(name, old, new string) string {
		if !strings.Contains(string(raw), old) {
			t.Fatalf("the roster has no %q", old)
		}
		return write(name, strings.Replace(string(raw), old, new, 1))
	}
	february := changed("february.yaml", "{monthly: {days: [19]}}", `{dates: ["2026-02-31"]}`)
	mars := changed("mars.yaml", "Asia/Shanghai", "Mars/Olympus")
	slug := changed("slug.yaml", "slug: xiangyang", "slug: Xiang Yang")
	second := write("second.yaml", string(raw)+"\n---\n{}\n")
	alone := write("alone.csv", "名称,服务\n甲,理发\n")
	if _, errs, code := yiji(t, "import", alone, "--database", filepath.Join(dir, "alone.db")); code != exitInput || !strings.Contains(errs, "alone.csv") {
		t.Errorf("partners alone: exit %d\n%s", code, errs)
	}
	if _, err := os.Stat(filepath.Join(dir, "alone.db")); err == nil {
		t.Error("a database was made for a file that is refused")
	}
	none := write("none.db", "this is no database at all")
	for name, file := range map[string]string{"2026-02-31": february, "Mars/Olympus": mars, "slug": slug, "second document": second} {
		for _, command := range [][]string{{"plan", file}, {"import", file, "--database", filepath.Join(dir, "z.db")}} {
			if _, errs, code := yiji(t, command...); code != exitInput || !strings.Contains(errs, name) {
				t.Errorf("%s of %s: exit %d\n%s", command[0], name, code, errs)
			}
		}
	}
	rule := func(r string) []string { return []string{"preview", "--from", "2026-01-01", "--rule", r} }
	from := func(more ...string) []string { return append(rule(`{"monthly":{"days":[19]}}`), more...) }
	for name, c := range map[string]struct {
		args []string
		say  string
	}{
		"no rule":                  {[]string{"preview", "--from", "2026-01-01"}, "--rule"},
		"rule of nothing":          {rule(``), "--rule: is empty"},
		"rule null":                {rule(`null`), "--rule: is empty"},
		"base URL":                 {[]string{"serve", "--base-url", "market", "--database", filepath.Join(dir, "y.db")}, "--base-url"},
		"port":                     {[]string{"serve", "--listen", "127.0.0.1:99999", "--database", filepath.Join(dir, "y.db")}, "--listen"},
		"invite's URL":             {[]string{"invite", "admin", "--base-url", "market.example", "--database", filepath.Join(dir, "y.db")}, "--base-url: \"market.example\""},
		"invite to no URL":         {[]string{"invite", "admin", "--base-url", "", "--database", filepath.Join(dir, "y.db")}, "--base-url"},
		"demo's port":              {[]string{"demo", "--listen", "127.0.0.1:99999"}, "--listen"},
		"demo's address":           {[]string{"demo", "--listen", "8080"}, "--listen"},
		"no database":              {[]string{"doctor", "--database", none}, "--database"},
		"not JSON":                 {rule(`{`), "--rule"},
		"unknown key":              {rule(`{"montly":{}}`), "montly"},
		"two rules":                {rule(`{"monthly":{"days":[1]},"dates":["2026-01-01"]}`), "--rule"},
		"day 32":                   {rule(`{"monthly":{"days":[32]}}`), "days[0]"},
		"31 February skipped":      {rule(`{"monthly":{"days":[31],"months":[2],"month_end":"skip"}}`), "never"},
		"TZ in cron":               {rule(`{"cron":"TZ=0 0 9 8 * *"}`), "cron"},
		"every":                    {rule(`{"cron":"@every 1s"}`), "cron"},
		"cron never fires":         {rule(`{"cron":"0 9 31 2 *"}`), "cron"},
		"six fields":               {rule(`{"cron":"0 0 9 8 * *"}`), "cron"},
		"fifth monday 6":           {rule(`{"monthly":{"nth":6,"weekday":"monday"}}`), "nth"},
		"weekday":                  {rule(`{"weekly":{"every":1,"weekdays":["fredag"],"from":"2026-01-02"}}`), "fredag"},
		"policy":                   {from("--holiday", "maybe"), "--holiday"},
		"zone":                     {from("--tz", "Mars/Olympus"), "--tz"},
		"count":                    {from("--count", "0"), "--count: 0 is not between 1 and"},
		"count below nothing":      {from("--count", "-1"), "--count: -1 is not between 1 and"},
		"from":                     {[]string{"preview", "--rule", `{"monthly":{"days":[1]}}`, "--from", "2026-02-30"}, "--from"},
		"holidays file":            {from("--holidays", "/nowhere.yaml"), "--holidays"},
		"doctor of nothing":        {[]string{"doctor", "--database", filepath.Join(dir, "typo.db")}, "--database"},
		"backup of nothing":        {[]string{"backup", filepath.Join(dir, "b"), "--database", filepath.Join(dir, "typo.db")}, "--database"},
		"invite to nothing":        {[]string{"invite", "admin", "--database", filepath.Join(dir, "typo.db")}, "--database"},
		"parked in nothing":        {[]string{"parked", "--database", filepath.Join(dir, "typo.db")}, "--database"},
		"replay of nothing":        {[]string{"replay", "--database", filepath.Join(dir, "typo.db")}, "--database"},
		"roster missing":           {[]string{"plan", "/nowhere.yaml"}, "FILE"},
		"booth twice":              {[]string{"plan", twice}, "A1"},
		"GBK in YAML":              {[]string{"plan", gbk}, "UTF-8"},
		"unknown flag":             {[]string{"serve", "--lisen", ":1"}, "--lisen"},
		"unknown command":          {[]string{"serv"}, "serv"},
		"role":                     {[]string{"invite", "king"}, "organizer"},
		"no date ever":             {append(rule(`{"monthly":{"days":[1]}}`), "--from", "1850-01-01"), "--from: "},
		"desk of a partner":        {[]string{"invite", "desk", "--community", "xiangyang", "--partner", "X", "--database", filepath.Join(dir, "y.db")}, "--partner: "},
		"restore a roster's field": {[]string{"restore", roster, "--database", filepath.Join(dir, "x.db")}, "yiji: FILE: "},
		"speed":                    {[]string{"demo", "--speed", "-1"}, "--speed"},
		"restore nothing":          {[]string{"restore", "/nowhere", "--database", filepath.Join(dir, "x.db")}, "FILE"},
		"restore a roster":         {[]string{"restore", roster, "--database", filepath.Join(dir, "x.db")}, "backup"},
		"network":                  {[]string{"serve", "--allow-private", "10.0.0.1", "--database", filepath.Join(dir, "y.db")}, "--allow-private"},
		"smtp":                     {[]string{"serve", "--smtp", "mail.example", "--database", filepath.Join(dir, "y.db"), "--listen", "127.0.0.1:0"}, "--smtp"},
	} {
		t.Run(name, func(t *testing.T) {
			out, errs, code := yiji(t, c.args...)
			if code != exitInput || !strings.Contains(errs, c.say) {
				t.Errorf("exit %d, want %d and %q in:\n%s%s", code, exitInput, c.say, out, errs)
			}
			if strings.Contains(errs, "goroutine") {
				t.Error("a panic reached the user")
			}
		})
	}
}

// A database that is no database gets no lock beside it; a rule without dates
// says so; an admin has no community; a server that runs must stop first.
func TestWhatIsNotThereIsSaid(t *testing.T) {
	dir := t.TempDir()
	file, none := filepath.Join(dir, "a.db"), filepath.Join(dir, "none")
	if err := os.WriteFile(none, []byte("no database"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, code := yiji(t, "migrate", "--database", none); code != exitInput {
		t.Errorf("migrating a text: exit %d", code)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	past := []string{"preview", "--rule", `{"dates":["2026-03-01"]}`, "--from", "2026-03-02"}
	if out, errs, code := yiji(t, past...); code != exitOK || out != "no date on or after 2026-03-02\n" {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	if out, errs, code := yiji(t, append(past, "--json")...); code != exitOK || out != "[]\n" {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	d, err := db.Open(t.Context(), db.Options{URL: file})
	if err != nil {
		t.Fatal(err)
	}
	if _, errs, code := yiji(t, "doctor", "--database", file); code == exitOK || !strings.Contains(errs, "stop the server first: ") {
		t.Errorf("beside a server: exit %d: %s", code, errs)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if _, errs, code := yiji(t, "invite", "admin", "--community", "x", "--database", file); code != exitInput || !strings.Contains(errs, "--community") {
		t.Errorf("an admin of a community: exit %d: %s", code, errs)
	}
	if out, _, _ := yiji(t, "preview", "--help"); !strings.Contains(out, "Default: 12") || !strings.Contains(out, "Asia/Shanghai") {
		t.Errorf("no defaults: %s", out)
	}
}

func TestHelpTeaches(t *testing.T) {
	out, _, code := yiji(t)
	if code != exitOK || !strings.Contains(out, "yiji demo") {
		t.Errorf("exit %d: %s", code, out)
	}
	for _, command := range []string{"serve", "demo", "import", "preview", "plan", "migrate", "doctor", "backup", "restore", "parked", "replay", "invite"} {
		out, errs, code := yiji(t, command, "--help")
		if code != exitOK || !strings.Contains(out, "Usage: yiji "+command) {
			t.Errorf("%s --help: exit %d: %s%s", command, code, out, errs)
		}
	}
}

// A life of one file: import twice, look, save, restore elsewhere, invite.
func TestImportBackupRestoreInvite(t *testing.T) {
	dir := t.TempDir()
	first, second := filepath.Join(dir, "a.db"), filepath.Join(dir, "b.db")
	steps := []struct {
		args []string
		say  string
	}{
		{[]string{"import", roster, "--database", first}, "5 partners new"},
		{[]string{"import", roster, "--database", first}, "0 partners new, 0 changed, 5 unchanged, 8 booths"},
		{[]string{"doctor", "--database", first}, "invariants hold"},
		{[]string{"parked", "--database", first}, "nothing is parked"},
		{[]string{"replay", "--database", first}, "nothing to replay"},
		{[]string{"backup", filepath.Join(dir, "save"), "--database", first}, "written"},
		{[]string{"restore", filepath.Join(dir, "save"), "--database", second}, "restored"},
		{[]string{"doctor", "--database", second}, "invariants hold"},
		{[]string{"invite", "partner", "--community", "xiangyang", "--partner", "济宁银行", "--database", second}, "/invite/"},
		{[]string{"invite", "kiosk", "--community", "xiangyang", "--database", second}, "/invite/"},
		{[]string{"migrate", "--database", second}, "schema"},
	}
	for _, s := range steps {
		out, errs, code := yiji(t, s.args...)
		if code != exitOK || !strings.Contains(out, s.say) {
			t.Fatalf("%v: exit %d, want %q in:\n%s%s", s.args, code, s.say, out, errs)
		}
	}
	for flag, args := range map[string][]string{"--community": {"--community", "nowhere"}, "--label": {"--community", "xiangyang", "--label", strings.Repeat("长", 300)}} {
		args = append([]string{"invite", "desk", "--database", second}, args...)
		if _, errs, code := yiji(t, args...); code != exitInput || !strings.HasPrefix(errs, "yiji: "+flag+": ") {
			t.Errorf("exit %d: %s, want %s", code, errs, flag)
		}
	}
	if _, errs, _ := yiji(t, "invite", "admin", "--database", second, "--base-url", "https://market.example"); !strings.Contains(errs, "leads to https://market.example") || !strings.Contains(errs, "--base-url") {
		t.Errorf("invite does not say where its link leads: %s", errs)
	}
	whole, err := os.ReadFile(filepath.Join(dir, "save"))
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(whole)
	flipped[len(whole)-6] ^= 1
	for what, raw := range map[string][]byte{"a bit flipped": flipped, "a byte short": whole[:len(whole)-1], "cut off": whole[:len(whole)*2/3], "no backup": []byte("{}"), "empty": nil} {
		bad := t.TempDir()
		if err := os.WriteFile(filepath.Join(bad, "save"), raw, 0o600); err != nil {
			t.Fatal(err)
		}
		_, errs, code := yiji(t, "restore", filepath.Join(bad, "save"), "--database", filepath.Join(bad, "new.db"))
		left, err := os.ReadDir(bad)
		if code != exitInput || err != nil || len(left) != 1 {
			t.Errorf("%s: exit %d, %v left behind, %v\n%s", what, code, left, err, errs)
		}
	}
	if left, err := filepath.Glob(second + ".restoring*"); err != nil || len(left) > 0 {
		t.Errorf("a whole restore leaves %v, %v", left, err)
	}
	if _, _, code := yiji(t, "restore", filepath.Join(dir, "save"), "--database", second); code != exitInput {
		t.Errorf("restoring over data: exit %d", code)
	}
	if _, _, code := yiji(t, "backup", filepath.Join(dir, "save"), "--database", first); code != exitInput {
		t.Errorf("overwriting a backup: exit %d", code)
	}
}

// parkOne puts an event into the outbox and sets it aside for a consumer.
func parkOne(t *testing.T, d *db.DB, consumer string, r db.Record) {
	t.Helper()
	r.ID, r.Topic = db.NewID(), outbox.Topic
	err := d.Update(t.Context(), func(tx *db.Tx) error { tx.Append(r); return nil })
	if err != nil {
		t.Fatal(err)
	}
	err = d.Update(t.Context(), func(tx *db.Tx) error {
		all, _, err := outbox.Read(tx, outbox.Wanted{Topic: outbox.Topic, Keys: []string{r.Key}, Limit: 100}, 0)
		if err != nil {
			return err
		}
		return outbox.Park(tx, consumer, all[len(all)-1], outbox.Failure{Why: "broken", Attempts: 6})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What fails again keeps only the later events of its own day waiting: every
// other day is tried, and the end says what is left and why.
func TestReplayTriesEveryDay(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.db")
	if _, errs, code := yiji(t, "import", roster, "--database", file); code != exitOK {
		t.Fatal(errs)
	}
	d, err := db.Open(t.Context(), db.Options{URL: file})
	if err != nil {
		t.Fatal(err)
	}
	poison := event.MarketDayOpened{}.Name()
	parkOne(t, d, "queue", db.Record{Key: "day1", Name: poison, Payload: "{"})
	parkOne(t, d, "queue", db.Record{Key: "day1", Name: "nobody.hears.v1", Payload: "{}"}) // waits for the one before it
	parkOne(t, d, "gone", db.Record{Key: "day1", Name: poison, Payload: "{"})              // a consumer of an older program
	parkOne(t, d, "queue", db.Record{Key: "day2", Name: "nobody.hears.v1", Payload: "{}"})
	parkOne(t, d, "queue", db.Record{Key: "day2", Name: "nobody.hears.v1", Payload: "{}"})
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	out, errs, code := yiji(t, "replay", "--database", file)
	if code != exitFailed || !strings.Contains(errs, "2 applied, 3 still parked") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	for _, line := range []string{"queue day1: 0 applied, 2 left: queue: ", "gone day1: 0 applied, 1 left: no consumer", "queue day2: 2 applied\n"} {
		if !strings.Contains(out, line) {
			t.Errorf("%q is missing in:\n%s", line, out)
		}
	}
	if out, errs, code := yiji(t, "replay", "queue", "day2", "--database", file); code != exitOK || !strings.Contains(out, "nothing to replay") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
}
