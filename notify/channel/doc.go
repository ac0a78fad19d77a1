// Package channel is the network side of notify: one adapter per kind of
// receiver, each with the single method Send(ctx, Message) Outcome.
//
//	mail      SMTP with STARTTLS or TLS, text mail, List-Unsubscribe for residents
//	webhook   Standard Webhooks: webhook-id, webhook-timestamp, webhook-signature
//	wecom, dingtalk, feishu
//	          group robots, which answer HTTP 200 with an error code
//	folder    .eml and .json files in a local directory, the default that needs nothing
//
// An adapter never retries, never touches the database and never keeps state:
// it says delivered, temporary (perhaps with the pause the receiver asked for)
// or permanent, and notify/dispatch.go decides what follows. Outgoing HTTP goes
// through NewClient, which checks the address that is really connected to.
package channel
