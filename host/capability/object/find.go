package object

import (
	"context"
	"errors"
	"time"

	"github.com/posternhq/postern/host"
)

// maxFind is how long a query of the management API may take. Those of modules
// have the endpoint's deadline.
const maxFind = 10 * time.Second

// Find reads records for the management API. A query that no index serves, of a
// large object, could keep a connection for minutes: it is ended. Errors: those
// of host.RecordReader; CodeUnavailable.
func Find(ctx context.Context, store host.RecordStore, o *host.Object, q *host.Query) (*host.Found, error) {
	ctx, cancel := context.WithTimeout(ctx, maxFind)
	defer cancel()
	found, err := store.ReadRecords(o.AppID).QueryRecords(ctx, o, q)
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return nil, host.Caused(host.CodeUnavailable, err, "The query took longer than %s; conditions on unique or indexed fields make it quick", maxFind)
	}
	return found, err
}
