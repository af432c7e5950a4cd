package store

import "github.com/posternhq/postern/host"

// note keeps a change of a record for the audit log, if a management call makes
// it. Version 0 stands for no record.
func (t *recordTransaction) note(o *host.Object, id string, before, after int64) {
	if host.AuditOf(t.ctx) == nil {
		return
	}
	state := func(version int64) any {
		if version == 0 {
			return nil
		}
		return &host.RecordState{AppID: o.AppID, Object: o.Name, ID: id, Version: version}
	}
	t.altered = append(t.altered, altered{state(before), state(after)})
}

// addAudit appends what was noted to the audit log, with the transaction.
func (t *recordTransaction) addAudit() error {
	s := t.session(t.ctx)
	s.altered = t.altered
	return t.fail(t.ctx, nil, s.addAudit())
}
