package cli

import "io"

// CheckManifest parses a manifest and returns its faults as "line: text".
func CheckManifest(content []byte) []string {
	m, faults := parseManifest(content)
	if faults == nil {
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
