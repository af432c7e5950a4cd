package transfer

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strconv"

	"github.com/posternhq/postern/host"
)

type csvWriter struct {
	out     *csv.Writer
	typing  *typing
	columns []column
	begun   bool
	cells   []string
}

func newCSVWriter(w io.Writer, schema json.RawMessage) *csvWriter {
	return &csvWriter{out: csv.NewWriter(w), typing: newTyping(schema)}
}

// Write implements Writer. The first records say what columns there are, unless
// the schema does.
func (w *csvWriter) Write(records []*host.Record) error {
	if err := w.begin(records); err != nil {
		return err
	}
	for _, record := range records {
		if err := w.write(record); err != nil {
			return err
		}
	}
	return nil
}

// begin writes the first line, once.
func (w *csvWriter) begin(first []*host.Record) error {
	if w.begun {
		return nil
	}
	w.begun = true
	if w.columns = w.typing.columns(w.typing.names()); w.columns == nil {
		names := map[string]bool{}
		for _, record := range first {
			members, err := membersOf(record)
			if err != nil {
				return err
			}
			for name := range members {
				names[name] = true
			}
		}
		w.columns = w.typing.columns(slices.Sorted(maps.Keys(names)))
	}
	cells := []string{host.FieldID, host.FieldCreatedAt, host.FieldUpdatedAt, host.FieldVersion}
	for i := range w.columns {
		cells = append(cells, w.columns[i].name)
	}
	return w.out.Write(append(cells, otherName))
}

func membersOf(record *host.Record) (members map[string]json.RawMessage, err error) {
	err = json.Unmarshal(record.Data, &members)
	return members, err
}

func (w *csvWriter) write(record *host.Record) error {
	members, err := membersOf(record)
	if err != nil {
		return err
	}
	cells := append(w.cells[:0], record.ID, record.CreatedAt.String(), record.UpdatedAt.String(), strconv.FormatInt(record.Version, 10))
	for i := range w.columns {
		c := &w.columns[i]
		cell := ""
		if value, found := members[c.path[0]]; found {
			formatted, ok := c.format(value)
			if ok {
				cell = formatted
				delete(members, c.path[0])
			}
		}
		cells = append(cells, cell)
	}
	other := ""
	if len(members) > 0 {
		raw, err := json.Marshal(members)
		if err != nil {
			return err
		}
		other = string(raw)
	}
	w.cells = append(cells, other)
	return w.out.Write(w.cells)
}

// Flush implements Writer.
func (w *csvWriter) Flush() error {
	if err := w.begin(nil); err != nil {
		return err
	}
	w.out.Flush()
	return w.out.Error()
}
