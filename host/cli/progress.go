package cli

import (
	"fmt"
	"io"
	"strings"
	"sync"
)

// barWidth is the number of cells of a progress bar.
const barWidth = 30

// bar is a progress bar on a terminal, and nothing anywhere else. It is safe
// for concurrent use.
type bar struct {
	mu     sync.Mutex
	out    io.Writer // nil if nobody watches
	title  string
	total  int64
	filled int // cells drawn
}

func newBar(out io.Writer, title string, total int64) *bar {
	if !isTerminal(out) {
		out = nil
	}
	b := &bar{out: out, title: title, total: max(total, 1), filled: -1}
	b.set(0)
	return b
}

// set draws the bar if it looks different from before.
func (b *bar) set(sent int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	filled := int(min(sent, b.total) * barWidth / b.total)
	if b.out == nil || filled <= b.filled {
		return
	}
	b.filled = filled
	fmt.Fprintf(b.out, "\r%s [%s%s] %s", b.title, strings.Repeat("=", filled), strings.Repeat(" ", barWidth-filled), megabytes(b.total))
}

// done ends the line.
func (b *bar) done() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.out != nil {
		fmt.Fprintln(b.out)
		b.out = nil
	}
}

// counter shows on a terminal how much has passed, where nobody knows how much
// there is, and nothing anywhere else. It is safe for concurrent use.
type counter struct {
	mu    sync.Mutex
	out   io.Writer // nil if nobody watches
	title string
	sent  int64
	shown string
}

func newCounter(out io.Writer, title string) *counter {
	if !isTerminal(out) {
		out = nil
	}
	c := &counter{out: out, title: title}
	c.set(0)
	return c
}

// set draws the number if it looks different from before.
func (c *counter) set(sent int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.draw(sent)
}

func (c *counter) draw(sent int64) {
	c.sent = sent
	if text := megabytes(sent); c.out != nil && text != c.shown {
		c.shown = text
		fmt.Fprintf(c.out, "\r%s %s", c.title, text)
	}
}

// Write counts what passes.
func (c *counter) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.draw(c.sent + int64(len(p)))
	return len(p), nil
}

// done ends the line.
func (c *counter) done() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.out != nil {
		fmt.Fprintln(c.out)
		c.out = nil
	}
}
