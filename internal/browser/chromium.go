package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/chromedp/chromedp"
)

// names under which Chromium is installed. The shell is the same engine without
// the windows of a browser around it: it needs half the processor.
var names = []string{"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}

var chromium = sync.OnceValues(start)

// Have reports whether there is a browser. When there is none it says so, and
// fails the test if everything is required.
func Have(t testing.TB) bool {
	t.Helper()
	_, err := chromium()
	if err == nil {
		return true
	}
	if os.Getenv("YIJI_TEST_REQUIRE") != "" {
		t.Fatalf("a browser is required: %v", err)
	}
	fmt.Fprintf(os.Stderr, "NOT RUN in a browser: %s: %v\n", t.Name(), err)
	return false
}

func find() (string, error) {
	if p := os.Getenv("YIJI_TEST_CHROMIUM"); p != "" {
		return p, nil
	}
	for _, n := range names {
		if p, err := exec.LookPath(n); err == nil {
			return p, nil
		}
	}
	return "", errors.New("no Chromium found (Debian: apt-get install chromium-headless-shell fonts-noto-cjk)")
}

// start runs the one Chromium of this process and returns the context that
// pages are opened under.
func start() (context.Context, error) {
	path, err := find()
	if err != nil {
		return nil, err
	}
	profile, err := os.MkdirTemp("", "yiji-chromium-")
	if err != nil {
		return nil, err
	}
	flags := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.UserDataDir(profile), chromedp.NoSandbox, chromedp.Env("LANG=zh_CN.UTF-8"),
		chromedp.Flag("headless", "new"), chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("hide-scrollbars", true), chromedp.Flag("mute-audio", true),
		chromedp.Flag("no-proxy-server", true), chromedp.Flag("font-render-hinting", "none"),
	}
	all, _ := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:], flags...)...)
	ctx, _ := chromedp.NewContext(all) // lives as long as the process
	if err := chromedp.Do(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("%s does not start: %w", path, err), os.RemoveAll(profile))
	}
	return ctx, endWithProcess(chromedp.FromContext(ctx).Browser.Process().Pid, profile)
}

// endWithProcess lets a small shell watch this process, kill the browser when
// it is gone and remove the profile: a test process has no hook that also runs
// after a panic. The browser is known by its profile, never by its name.
func endWithProcess(pid int, profile string) error {
	script := fmt.Sprintf(`while kill -0 %d 2>/dev/null; do sleep 0.3; done
grep -q %s /proc/%d/cmdline 2>/dev/null && kill -KILL %d
for i in 1 2 3 4 5; do sleep 0.3; rm -rf %s && break; done`, os.Getpid(), filepath.Base(profile), pid, pid, profile)
	cmd := exec.Command("sh", "-c", script)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd.Start()
}

// gone reports whether an error only says that the page was changing.
func gone(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "context") || strings.Contains(err.Error(), "navigated"))
}
