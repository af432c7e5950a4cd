package capability

import "github.com/posternhq/postern/host"

// Session is the data of one invocation.
type Session struct {
	store  host.RecordStore
	appID  string
	atomic bool
}

// NewSession returns a session of an app. If atomic is set, its writes are one
// transaction.
func NewSession(store host.RecordStore, appID string, atomic bool) *Session {
	return &Session{store: store, appID: appID, atomic: atomic}
}
