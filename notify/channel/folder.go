package channel

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// FolderSender writes messages to a local directory: .eml when the recipient
// is a person, .json for everything else. The name is the delivery's key, so
// writing again replaces the same file and never makes a second one.
type FolderSender struct {
	Dir  string
	From string // sender shown in .eml files; empty: yiji@localhost.invalid
	Kind Kind   // the kind this folder stands in for
}

// note is the JSON form of a message that would have gone to a robot or webhook.
type note struct {
	Key     string          `json:"key"`
	Kind    Kind            `json:"kind"`
	At      string          `json:"at"`
	Lang    string          `json:"lang"`
	Subject string          `json:"subject"`
	Text    string          `json:"text,omitempty"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// Send implements Sender: temporary file, fsync, rename, fsync of the directory.
// Somebody without a mail address gets a file too, addressed to a name that cannot be routed.
func (f FolderSender) Send(_ context.Context, m Message) Outcome {
	name := fileName(m.Key)
	if name == "" {
		return permanent("key_invalid", "the delivery has no key that can be a file name")
	}
	write, suffix := f.writeNote(m), ".json"
	if f.Kind == Mail {
		write, suffix = f.writeMail(m), ".eml"
	}
	if err := writeFile(f.Dir, name+suffix, write); err != nil {
		return temporary("folder", err.Error())
	}
	return delivered()
}

func (f FolderSender) writeMail(m Message) func(io.Writer) error {
	return func(w io.Writer) error {
		from := f.From
		if from == "" {
			from = "益集 <yiji@localhost.invalid>"
		}
		if m.Email == "" {
			m.Email = "nobody@localhost.invalid"
		}
		msg, o := compose(from, m)
		if msg == nil {
			return errors.New(o.Detail)
		}
		_, err := msg.WriteTo(w)
		return err
	}
}

func (f FolderSender) writeNote(m Message) func(io.Writer) error {
	return func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(note{Key: m.Key, Kind: f.Kind, At: m.At.UTC().Format("2006-01-02T15:04:05Z"), Lang: m.Lang,
			Subject: m.Subject, Text: m.Text, Payload: m.Payload})
	}
}

// fileName allows what our keys are made of and nothing that means something to a file system.
func fileName(key string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return -1
	}, key)
}

func writeFile(dir, name string, write func(io.Writer) error) (err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, ".tmp-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(tmp.Name())
		}
	}()
	err = write(tmp)
	if err == nil {
		err = tmp.Sync()
	}
	if closeErr := tmp.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), filepath.Join(dir, name)); err != nil {
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	if runtime.GOOS == "windows" { // a directory cannot be synced there
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
