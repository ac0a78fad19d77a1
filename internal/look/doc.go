// Package look is tests only: every page of the house, in a real browser.
//
//	pages_test.go    the table: which page is for whom, at which moments
//	look_test.go     every page × widths × scripts on and off × sizes × themes
//	gallery_test.go  make screenshots
//
// TestTableIsComplete fails when a route has no row. What the checks find on a
// page must stand in testdata/known.txt, "page | check | element", and what
// stands there must be found: the list only shrinks. After mending a page
//
//	make look-shrink
//
// takes away what is no longer found; it never adds. Flow tests live here, too:
//
//	func TestTakeANumber(t *testing.T) {
//		eachWay(t, func(t *testing.T, o browser.Options) {        scripts on, scripts off
//			w := stage.Open(t, stage.Busy)
//			browser.With(t, o, func(p *browser.Page) {
//				p.Open(w.Base + "/d/" + w.Day)
//				p.Press("取号")
//				p.WaitFor("a ticket", `location.pathname.startsWith("/t/")`)
//			})
//		})
//	}
//
// These tests are not built under the race detector: what races is the server,
// which is raced everywhere else, and its pages would only open slower. make
// test runs them in a run of their own.
package look
