package basic

import (
	"context"
	"encoding/json"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability"
)

// Operations are those that every module may use.
var Operations = []capability.Operation{
	{Name: "uuid", Group: host.CapabilityBasic, Run: capability.Typed(uuid)},
	{Name: "wait", Group: host.CapabilityBasic, Run: capability.Typed(wait)},
	{Name: "xml_to_json", Group: host.CapabilityBasic, Run: capability.Typed(xmlToJSON)},
	{Name: "schema_validate", Group: host.CapabilityBasic, Run: capability.Typed(validate)},
	{Name: "call", Group: host.CapabilityBasic, Run: capability.Typed(call)},
}

type uuidAnswer struct {
	UUID string `json:"uuid"`
}

// uuid answers {} with {"uuid":"…"}, a UUID of version 7.
func uuid(context.Context, *capability.Call, *struct{}) (uuidAnswer, error) {
	return uuidAnswer{host.NewID()}, nil
}

// MaxWait is the longest wait.
const MaxWait = host.MaxTimeout

type waitRequest struct {
	MS int64 `json:"ms"`
}

// wait answers {"ms":100} with {} when the time is over. It ends with the
// invocation.
func wait(ctx context.Context, call *capability.Call, r *waitRequest) (struct{}, error) {
	if r.MS < 0 || r.MS > MaxWait.Milliseconds() {
		return struct{}{}, host.Errorf(host.CodeInvalid, "ms must be between 0 and %d", MaxWait.Milliseconds())
	}
	if err := call.NoTransaction(); err != nil {
		return struct{}{}, err
	}
	timer := time.NewTimer(time.Duration(r.MS) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return struct{}{}, nil
	case <-ctx.Done():
		return struct{}{}, timeIsUp(ctx)
	}
}

// timeIsUp is how an operation fails that its invocation ends.
func timeIsUp(ctx context.Context) error {
	return host.Caused(host.CodeUnavailable, ctx.Err(), "The time of the invocation is up")
}

type xmlRequest struct {
	XML string `json:"xml"`
}

type jsonAnswer struct {
	JSON json.RawMessage `json:"json"`
}

// xmlToJSON answers {"xml":"<a/>"} with {"json":{"a":null}}; see XMLToJSON.
func xmlToJSON(ctx context.Context, _ *capability.Call, r *xmlRequest) (jsonAnswer, error) {
	out, err := XMLToJSON(ctx, r.XML)
	return jsonAnswer{out}, err
}
