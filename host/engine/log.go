package engine

import (
	"bytes"
	"context"
	"errors"
	"strings"

	"github.com/posternhq/postern/host"
)

// What one call may log beside host.MaxLogLines: bytes of a line, a longer one
// is cut; and bytes of all lines together.
const (
	maxLineBytes = 4 << 10
	maxLogBytes  = 1 << 20
)

// logs is the log of one call. Lines come from log_*, from standard output
// (level info) and from standard error (level error). Beyond the limits one
// last line says so, and the rest is dropped.
type logs struct {
	write  func(level, text string)
	room   *logRoom // own, or that of the call which this one is part of
	own    logRoom
	stdout stream
	stderr stream
}

// logRoom is how much was logged.
type logRoom struct {
	lines, bytes int
	full         bool
}

// open begins the log of a call. The writers of standard output and error fail
// once the call is over, because a single fd_write can repeat itself a million
// times.
func (l *logs) open(write func(level, text string), over context.Context) {
	*l = logs{
		write:  write,
		stdout: stream{logs: l, level: host.LogInfo, over: over},
		stderr: stream{logs: l, level: host.LogError, over: over},
	}
	l.room = &l.own
}

// add logs one line.
func (l *logs) add(level string, line []byte) {
	room := l.room
	if room.full {
		return
	}
	text := validText(line, maxLineBytes)
	if room.lines == host.MaxLogLines || room.bytes+len(text) > maxLogBytes {
		room.full = true
		l.write(host.LogWarn, "The module logged more than is kept; the rest was dropped")
		return
	}
	room.lines++
	room.bytes += len(text)
	l.write(level, text)
}

// close logs what was written without a line break at the end.
func (l *logs) close() {
	l.stdout.flush()
	l.stderr.flush()
	*l = logs{}
}

// stream cuts what a guest writes into lines.
type stream struct {
	logs  *logs
	level string
	over  context.Context
	line  []byte // begun, at most one byte longer than a line may be
}

var errDone = errors.New("the call is over")

// Write never keeps p, which is the guest's memory.
func (w *stream) Write(p []byte) (int, error) {
	if w.over.Err() != nil {
		return 0, errDone
	}
	for rest := p; len(rest) > 0 && !w.logs.room.full; {
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			w.keep(rest)
			break
		}
		w.keep(rest[:end])
		w.logs.add(w.level, bytes.TrimSuffix(w.line, []byte("\r")))
		w.line = w.line[:0]
		rest = rest[end+1:]
	}
	return len(p), nil
}

// keep appends to the line begun as much as can matter: the byte beyond the
// limit is what shows that the line was cut.
func (w *stream) keep(part []byte) {
	room := maxLineBytes + 1 - len(w.line)
	w.line = append(w.line, part[:min(room, len(part))]...)
}

func (w *stream) flush() {
	if len(w.line) > 0 {
		w.logs.add(w.level, w.line)
		w.line = nil
	}
}

// validText makes at most limit bytes of a guest's text fit to be stored:
// valid UTF-8, with a mark where it was cut.
func validText(b []byte, limit int) string {
	cut := len(b) > limit
	if cut {
		b = b[:limit]
	}
	text := strings.ToValidUTF8(string(b), "\uFFFD")
	if cut {
		text = strings.TrimSuffix(text, "\uFFFD") + "…"
	}
	return text
}
