// Package account knows who somebody is and what they may do.
//
// Residents have no account: the handle of a ticket is their key. Everybody
// else comes in by a link that works once:
//
//	first start                organizer or admin
//	     │ SetupLink                │ Invite
//	     ▼                          ▼
//	set-up link              invitation ──▶ revoked, expired, re-issued
//	     │ AcceptSetup              │ Accept (POST; a GET only shows it)
//	     ▼                          ▼
//	  person with a role: admin, or organizer, desk, partner, kiosk of one community
//	     │
//	     ▼ Login (e-mail and password, optional), login link
//	  session: 128-bit token, stored hashed, idle and absolute end
//
// A kiosk is no person but a tablet in public. It has its one role and never
// another, nothing of its own, and what it may do is give numbers.
//
// One pure function decides what an Actor may do, Allow in policy.go; what its
// table does not list is denied. Links and session tokens are stored as
// SHA-256 only; e-mail addresses are sealed and found by a keyed digest.
package account
