//go:build keep

package arch

import (
	_ "github.com/a-h/templ/cmd/templ/generatecmd"
	_ "github.com/arran4/golang-ical"
	_ "github.com/chromedp/chromedp"
	_ "github.com/santhosh-tekuri/jsonschema/v6"
	_ "golang.org/x/net/html"
	_ "golang.org/x/time/rate"
	_ "rsc.io/qr"
)
