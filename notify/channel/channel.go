package channel

import (
	"context"
	"time"
)

// Kind names a way to reach somebody.
type Kind string

// The kinds of channel.
const (
	Mail     Kind = "mail"
	Webhook  Kind = "webhook"
	WeCom    Kind = "wecom"
	DingTalk Kind = "dingtalk"
	Feishu   Kind = "feishu"
	Folder   Kind = "folder"
)

// Kinds lists every kind, in the order pages show them.
var Kinds = []Kind{Mail, WeCom, DingTalk, Feishu, Webhook, Folder}

// Robot reports whether the kind is a group robot with a rate limit.
func (k Kind) Robot() bool { return k == WeCom || k == DingTalk || k == Feishu }

// Timeout bounds one attempt from dial to the last byte of the answer.
const Timeout = 15 * time.Second

// Message is one attempt to reach one recipient, with everything an adapter
// needs: adapters read nothing else.
type Message struct {
	Key     string    // stable key of the delivery: the same in every attempt
	At      time.Time // instant of this attempt, signed where the protocol signs one
	Lang    string
	Name    string   // mail: the recipient's name, may be empty
	Email   string   // mail: the recipient's address
	URL     string   // webhook and robots
	Secrets []string // webhook: all that sign (rotation); robots: the first, may be none
	Subject string
	Text    string
	Payload []byte // webhook: the JSON body
	// Unsubscribe is the one-click link of a resident's mail, empty for others.
	Unsubscribe string
}

// Result says what became of an attempt.
type Result string

// The results of an attempt.
const (
	Delivered Result = "delivered"
	Temporary Result = "temporary"
	Permanent Result = "permanent"
)

// Outcome is the answer of Send. Code is short and stable ("smtp_550", "http_503",
// "dingtalk_130101", "address_refused"); Detail is for operators and carries no contact and no secret.
type Outcome struct {
	Result     Result
	Code       string
	Detail     string
	RetryAfter time.Duration // what the receiver asked for, 0 if nothing
}

// Sender is one adapter.
type Sender interface {
	Send(ctx context.Context, m Message) Outcome
}

func delivered() Outcome { return Outcome{Result: Delivered, Code: "ok"} }

func temporary(code, detail string) Outcome {
	return Outcome{Result: Temporary, Code: code, Detail: clip(detail)}
}

func permanent(code, detail string) Outcome {
	return Outcome{Result: Permanent, Code: code, Detail: clip(detail)}
}

// clip keeps a receiver's answer short enough for a row and a page.
func clip(s string) string { return CutBytes(oneLine(s), 300) }
