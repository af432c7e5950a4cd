package cli_test

import (
	"bufio"
	"io"
	"sync"
)

// drain reads lines as they come and keeps them until somebody wants them, so
// that whoever writes them never waits: a server would hang when nobody reads
// what it logs.
type drain struct {
	mu    sync.Mutex
	more  *sync.Cond
	lines []string
	ended bool
	text  string // of the last Scan
}

func newDrain(from io.Reader) *drain {
	d := &drain{}
	d.more = sync.NewCond(&d.mu)
	go func() {
		lines := bufio.NewScanner(from)
		for lines.Scan() {
			d.change(func() { d.lines = append(d.lines, lines.Text()) })
		}
		d.change(func() { d.ended = true })
	}()
	return d
}

func (d *drain) change(edit func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	edit()
	d.more.Broadcast()
}

// Scan waits for the next line; it reports false after the last.
func (d *drain) Scan() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(d.lines) == 0 && !d.ended {
		d.more.Wait()
	}
	if len(d.lines) == 0 {
		return false
	}
	d.text, d.lines = d.lines[0], d.lines[1:]
	return true
}

// Text is the line that Scan found.
func (d *drain) Text() string { return d.text }
