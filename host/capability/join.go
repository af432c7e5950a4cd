package capability

import (
	"context"

	"github.com/posternhq/postern/host"
)

// Join lets fn write in the transaction of the session, if there is one. Before
// the first write of records, fn has a transaction of its own, which is
// committed at once and stays whatever becomes of the session: it is for what
// nobody finds who is not told of it. fn may run several times then.
func (s *Session) Join(ctx context.Context, fn func(context.Context, host.RecordTransaction) error) error {
	if s.Open() {
		return s.within(ctx, fn)
	}
	return NewSession(s.ctx, s.store, s.appID, false).Write(ctx, fn)
}
