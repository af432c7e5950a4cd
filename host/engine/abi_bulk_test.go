package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/engine"
)

func TestBulk_Echo(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{})
	for _, n := range []int{0, 1, 7, 65526, 65527, 5 << 20} { // to the end of the first page, past it
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			c := call(guest(t, "ok/bulk_echo"))
			c.Input = bytes.Repeat([]byte("hello, \x00\xff world"), n/15+1)[:n]
			got, err := bulkOutput(t.Context(), e, c)
			if err != nil || !bytes.Equal(got, c.Input) {
				t.Errorf("got %d bytes, %v, want the input's %d", len(got), err, n)
			}
		})
	}
}

// bulkOutput makes a call for its output alone.
func bulkOutput(ctx context.Context, e *engine.Engine, c engine.Call) ([]byte, error) {
	result, err := e.Call(ctx, c)
	return result.Output, err
}

func TestBulk_Edges(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{})
	c := call(guest(t, "ok/bulk_edges"))
	c.MemoryPages = 16
	if got, err := bulkOutput(t.Context(), e, c); err != nil || string(got) != "cdabcdef" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestBulk_OutOfRange(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{})
	block, memory := "not within one block", "not within the memory of 65536 bytes"
	for input, want := range map[string]string{
		"a": "read: 9 bytes from the address ", "b": block, "c": "from the address 0 on are " + block,
		"d": "from the address 18446744073709551615 on are " + block, "e": "read: 4294967295 bytes",
		"f": "read: 8 bytes at 65529 are " + memory, "g": "read: 8 bytes at 4294967292 are " + memory, "h": block,
		"i": "write: 65537 bytes at 0 are " + memory, "j": "write: 1 bytes at 65536 are " + memory,
		"k": "write: 2 bytes at 4294967295 are " + memory, "l": "write: 4294967295 bytes at 0 are " + memory,
	} {
		t.Run(input, func(t *testing.T) {
			t.Parallel()
			c := call(guest(t, "error/bulk_out_of_range"))
			c.Input = []byte(input)
			checkRefused(t, e, c, want)
		})
	}
	t.Run("ReadWithoutMemory", func(t *testing.T) {
		t.Parallel()
		checkRefused(t, e, call(guest(t, "error/bulk_read_without_memory")), "read: 1 bytes at 0 are not within the memory of 0 bytes")
	})
	t.Run("WriteWithoutMemory", func(t *testing.T) {
		t.Parallel()
		checkRefused(t, e, call(guest(t, "error/bulk_write_without_memory")), "write: 1 bytes at 0 are not within the memory of 0 bytes")
	})
}

// checkRefused makes a call in which a host function must end the guest.
func checkRefused(t *testing.T, e *engine.Engine, c engine.Call, want string) {
	t.Helper()
	got, err := bulkOutput(t.Context(), e, c)
	var failure *engine.Failure
	if host.CodeOf(err) != host.CodeModuleFailed || !errors.As(err, &failure) {
		t.Fatalf("got %q, %v, want CodeModuleFailed", got, err)
	}
	if failure.ExitCode != 1 || !strings.Contains(failure.Text, want) {
		t.Errorf("got %d, %q, want 1, %q", failure.ExitCode, failure.Text, want)
	}
}

// TestBulk_AfterTheEnd: copies look whether the call is over, as a guest may
// make thousands of large ones without a loop.
func TestBulk_AfterTheEnd(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{})
	c := call(guest(t, "error/bulk_between_logs"))
	var lines []string
	c.Log = func(_, text string) { lines = append(lines, text) }
	if _, err := bulkOutput(t.Context(), e, c); err != nil || len(lines) != 2 {
		t.Fatalf("got %q, %v, want two lines", lines, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	lines = nil
	c.Log = func(_, text string) { lines = append(lines, text); cancel() }
	if _, err := bulkOutput(ctx, e, c); host.CodeOf(err) != host.CodeUnavailable || len(lines) != 1 {
		t.Errorf("got %q, %v, want one line and CodeUnavailable", lines, err)
	}
}
