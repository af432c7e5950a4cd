package object_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability/object"
)

// slow is a store whose queries take their time.
type slow struct {
	host.RecordStore
	host.RecordReader
	takes time.Duration
}

func (s slow) ReadRecords(string) host.RecordReader { return s }

func (s slow) QueryRecords(ctx context.Context, _ *host.Object, _ *host.Query) (*host.Found, error) {
	select {
	case <-time.After(s.takes):
		return &host.Found{}, nil
	case <-ctx.Done():
		return nil, host.Caused(host.CodeUnavailable, ctx.Err(), "The database is not available")
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		if _, err := object.Find(t.Context(), slow{takes: 9 * time.Second}, &host.Object{}, &host.Query{}); err != nil {
			t.Errorf("within its time: %v", err)
		}
		_, err := object.Find(t.Context(), slow{takes: 11 * time.Second}, &host.Object{}, &host.Query{})
		if e := host.AsError(err); e.Code != host.CodeUnavailable || !strings.HasPrefix(e.Message, "The query took longer than 10s") {
			t.Errorf("got %v", err)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := object.Find(gone, slow{takes: time.Hour}, &host.Object{}, &host.Query{}); host.AsError(err).Message != "The database is not available" {
			t.Errorf("got %v", err)
		}
	})
}
