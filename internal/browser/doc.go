// Package browser gives tests a real browser: headless Chromium, driven over
// the DevTools protocol, as a reader of our pages.
//
//	With(t, Options{Width: 320, NoScript: true}, func(p *Page) {   one Chromium per process,
//		p.Cookie(base, "yiji_session", token)                   own cookies per Page
//		p.Open(base + "/d/" + day)
//		p.Press("取号")                                        visible text or a selector
//		p.WaitFor("the number is shown", `!!document.querySelector(".number")`)
//		if got := p.Text("h1"); got != "…" { t.Errorf(…) }
//	})
//
// When With returns the page is closed, and every error of the console, every
// violation of the content security policy and every uncaught exception has
// failed the test. A test that provokes one on purpose takes it with Problems.
//
// Waiting is never a pause: Press waits until its element can be pressed and
// until the page it leads to has loaded, WaitFor polls a condition in the page
// and fails with its name at a deadline.
//
// A second person is p.Another(Options{…}); the network is cut with
// p.Offline(true) and a host or path with p.Block("*://*:*/events*"). What the
// page cannot have in a test (a voice, a motor) is replaced by p.Before(script),
// which runs before the page's own scripts.
//
// Audit measures an open page against an audience's bar (audit.js) and with
// axe-core; every check has a page on which it must report in this package's
// own tests. Findings name check and element, so that they can be kept in a
// ledger.
//
// Without a Chromium the tests say what they could not run; with
// YIJI_TEST_REQUIRE=all they fail. Chromium is killed with the process, also
// after a panic, and its profile removed.
//
// testdata holds axe-core 4.14.1 (https://github.com/dequelabs/axe-core, MPL-2.0,
// unchanged, its licenses beside it); it is no part of the program.
package browser
