package gateway_test

import (
	"context"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
)

// TestServe_ResponseSchema: what a schema says of answers is for those that
// succeed. The reason of a refusal is in the log alone.
func TestServe_ResponseSchema(t *testing.T) {
	t.Parallel()
	b := setup(t, host.Production, func(*host.App) {})
	b.echo(func(e *host.Endpoint) {
		e.ResponseSchema = []byte(`{"type":"object","required":["id"],"properties":{"id":{"type":"integer"}}}`)
	})
	for _, tt := range []struct {
		output string
		status int // 0 if it is refused
	}{
		{`{"status":200,"body":{"id":1}}`, 200},
		{`{"status":201,"body":{"id":2}}`, 201},
		{`{"body":{"id":3}}`, 200},
		{`{"id":4}`, 200},
		{`{"status":200,"body":{"id":"secret"}}`, 0},
		{`{"status":201,"body":[]}`, 0},
		{`{"status":200}`, 0},
		{`"text"`, 0},
		{`{"status":204}`, 204},
		{`{"redirect":"https://example.com/"}`, 302},
		{`{"status":304}`, 304},
		{`{"status":404,"body":{"error":"no such thing"}}`, 404},
		{`{"status":500,"body":"text"}`, 500},
	} {
		r := request(tt.output)
		response, err := b.Serve(context.Background(), r)
		record, recordErr := b.recorder().Invocation(context.Background(), b.app.ID, r.ID)
		check(t, recordErr)
		if tt.status != 0 {
			if err != nil || response.Status != tt.status {
				t.Errorf("%s: got %d, %v", tt.output, response.Status, err)
			}
			continue
		}
		failure := host.AsError(err)
		if failure.Code != host.CodeInvalidResponse || failure.Details != nil || strings.Contains(failure.Message, "schema") {
			t.Errorf("%s: got %d, %v %v", tt.output, response.Status, err, failure.Details)
		}
		if !strings.Contains(record.Reason, "the body does not meet the response schema: ") {
			t.Errorf("%s: the log has %q", tt.output, record.Reason)
		}
	}
}
