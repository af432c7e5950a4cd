package gateway

import (
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/engine"
)

// trace follows one request for its record.
type trace struct {
	record host.Invocation
	start  time.Time
	last   time.Time
	reason string
	// room is for the stages: most requests have the same few.
	room [5]host.Stage
}

func newTrace(r *host.Request, app *host.App) *trace {
	now := time.Now()
	t := &trace{
		start: now, last: now,
		record: host.Invocation{
			RequestID: r.ID, AppID: app.ID, Method: r.Method, Path: r.Path,
			StartedAt: r.ReceivedAt, Logs: []host.LogLine{},
		},
	}
	t.record.Stages = t.room[:0]
	return t
}

// stage ends a part of the request and names it.
func (t *trace) stage(name string) {
	now := time.Now()
	t.record.Stages = append(t.record.Stages, host.Stage{Name: name, DurationUS: now.Sub(t.last).Microseconds()})
	t.last = now
}

func (t *trace) matched(e *host.Endpoint, release int) {
	t.record.EndpointID, t.record.Endpoint, t.record.Release = e.ID, e.Name, release
	t.stage("route")
}

func (t *trace) called(caller *host.Caller) {
	if caller != nil {
		t.record.CallerKind, t.record.CallerID = caller.Kind, caller.ID
	}
}

// ran adds a run of the module.
func (t *trace) ran(result engine.Result) {
	t.record.CPUUS += result.Run.Microseconds()
	t.record.PeakBytes = max(t.record.PeakBytes, int64(result.PeakBytes))
}

// log takes a line of the module's, or of the host about the module.
func (t *trace) log(level, text string) {
	t.record.Logs = append(t.record.Logs, host.LogLine{At: host.Now(), Level: level, Text: text})
}

// done closes the record.
func (t *trace) done(status int, err error) *host.Invocation {
	t.record.Status = status
	if err != nil {
		known := host.AsError(err)
		t.record.Code, t.record.Reason = known.Code, t.reason
		if t.reason == "" {
			t.record.Reason = known.Message
		}
	}
	t.record.DurationUS = time.Since(t.start).Microseconds()
	return &t.record
}
