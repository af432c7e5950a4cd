package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/posternhq/postern/host/admin/client"
	"golang.org/x/term"
)

// document prints v as one indented JSON document.
func (c *console) document(v any) error {
	encoder := json.NewEncoder(c.out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

// line prints v as one line of JSON.
func (c *console) line(v any) error {
	encoder := json.NewEncoder(c.out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

// table prints rows below a head, in columns. Cells come from servers and
// modules: what could steer a terminal is shown, not sent.
func (c *console) table(head []string, rows [][]string) error {
	w := tabwriter.NewWriter(c.out, 0, 8, 2, ' ', 0)
	for _, row := range append([][]string{head}, rows...) {
		for i, cell := range row {
			row[i] = first(printable(cell), "-")
		}
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	return w.Flush()
}

// facts prints "name  value" lines.
func (c *console) facts(pairs ...string) error {
	w := tabwriter.NewWriter(c.out, 0, 8, 2, ' ', 0)
	for i := 0; i+1 < len(pairs); i += 2 {
		fmt.Fprintf(w, "%s\t%s\n", pairs[i], first(printable(pairs[i+1]), "-"))
	}
	return w.Flush()
}

// say prints a line for the person at the terminal, beside the result.
func (c *console) say(format string, args ...any) {
	fmt.Fprintf(c.err, format+"\n", args...)
}

// more says that a list goes on, if it does.
func (c *console) more(p client.Pagination, shown int) {
	if p.HasMore {
		c.say("%d of %d shown; --limit and --offset show others", shown, p.Total)
	}
}

// printable replaces control characters, which could move the cursor or
// recolour a terminal, by what Go would write in a string for them.
func printable(text string) string {
	if !strings.ContainsFunc(text, isControl) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if isControl(r) {
			quoted := fmt.Sprintf("%+q", r)
			b.WriteString(quoted[1 : len(quoted)-1])
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// harmless is a line of JSON as it may be printed: as it is, for programs, but
// on a terminal without what could steer it.
func (c *console) harmless(line string) string {
	if !isTerminal(c.out) {
		return line
	}
	return printable(line)
}

// isControl covers C0, DEL, C1 and the marks that turn the direction of text.
func isControl(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }

// isTerminal reports whether a reader or writer is a terminal.
func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
