package capability

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/posternhq/postern/host"
)

// Typed makes an operation of a function from one Go type to another. A request
// with members that Request does not know is refused.
func Typed[Request, Answer any](fn func(ctx context.Context, call *Call, r *Request) (Answer, error)) Func {
	return func(ctx context.Context, call *Call, in []byte) ([]byte, error) {
		var r Request
		if err := decode(in, &r); err != nil {
			return nil, err
		}
		answer, err := fn(ctx, call, &r)
		if err != nil {
			return nil, err
		}
		if own, ok := any(answer).(Appender); ok {
			return own.AppendJSON(nil), nil
		}
		return json.Marshal(answer)
	}
}

// Appender is an answer that writes itself, because it holds so much that it
// matters how.
type Appender interface{ AppendJSON(to []byte) []byte }

// decode reads one JSON object.
func decode(in []byte, to any) error {
	if !bytes.HasPrefix(bytes.TrimLeft(in, " \t\r\n"), []byte("{")) {
		return host.Errorf(host.CodeInvalid, "the request must be a JSON object")
	}
	d := json.NewDecoder(bytes.NewReader(in))
	d.DisallowUnknownFields()
	err := d.Decode(to)
	if _, more := d.Token(); err == nil && !errors.Is(more, io.EOF) {
		return host.Errorf(host.CodeInvalid, "the request must be one JSON object")
	}
	var wrong *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &wrong):
		return host.Caused(host.CodeInvalid, err, "%s has the wrong type: it is a JSON %s", wrong.Field, wrong.Value)
	case strings.HasPrefix(err.Error(), "json: unknown field "):
		return host.Errorf(host.CodeInvalid, "the request must not have the member %s", strings.TrimPrefix(err.Error(), "json: unknown field "))
	}
	return host.Caused(host.CodeInvalid, err, "the request is not valid JSON")
}
