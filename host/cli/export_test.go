package cli

import (
	"context"
	"io"

	"github.com/posternhq/postern/host/config"
)

// CheckManifest parses a manifest in a directory and returns its faults as
// "line: text".
func CheckManifest(dir string, content []byte) []string {
	m, faults := parseManifest(content)
	if faults == nil {
		m.dir = dir
		faults = m.readObjects()
	}
	lines := make([]string, len(faults))
	for i, fault := range faults {
		lines[i] = fault.String()
	}
	return lines
}

// DrawBar draws what a progress bar shows while the parts are sent.
func DrawBar(out io.Writer, title string, total int64, sent ...int64) {
	b := &bar{out: out, title: title, total: total, filled: -1}
	for _, n := range sent {
		b.set(n)
	}
	b.done()
}

// Rekey is “postern secrets rekey” for a data directory. After each thing that
// it has done it calls step, whose error ends it there.
func Rekey(ctx context.Context, data string, step func(done string) error) error {
	r := rekeying{console: &console{err: io.Discard}, cfg: config.Config{Data: data}, step: step}
	_, err := r.run(ctx)
	return err
}
