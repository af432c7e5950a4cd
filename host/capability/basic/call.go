package basic

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"unicode/utf8"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability"
)

// callRequest says which function to call, and with what. The input is JSON as
// it is written, absent for none; with InputEncoding "text" or "base64" it is
// the text, or what it encodes.
type callRequest struct {
	Module        string          `json:"module"` // its name in the release
	Function      string          `json:"function"`
	Input         json.RawMessage `json:"input"`
	InputEncoding string          `json:"inputEncoding"`
}

// callAnswer is the function's output: "output" is JSON if it is that, a text if
// it is UTF-8, else base64; "outputEncoding" tells which. Both are left out for
// none.
type callAnswer struct{ output []byte }

// AppendJSON writes the answer.
func (a callAnswer) AppendJSON(to []byte) []byte {
	to = slices.Grow(to, len(a.output)+64)
	if len(a.output) == 0 {
		return append(to, "{}"...)
	}
	to = append(to, `{"output":`...)
	encoding := "json"
	switch {
	case host.ValidJSON(a.output):
		to = append(to, a.output...)
	case utf8.Valid(a.output):
		to, encoding = host.AppendText(to, string(a.output)), "text"
	default:
		to = append(base64.StdEncoding.AppendEncode(append(to, '"'), a.output), '"')
		encoding = "base64"
	}
	return append(host.AppendText(append(to, `,"outputEncoding":`...), encoding), '}')
}

// call runs a function of another module of the release, within the invocation.
// What it wrote before it failed stands: the caller's status decides about it.
func call(ctx context.Context, c *capability.Call, r *callRequest) (callAnswer, error) {
	if r.Module == "" || r.Function == "" {
		return callAnswer{}, host.Errorf(host.CodeInvalid, "module and function must be given")
	}
	input, err := r.input()
	if err != nil {
		return callAnswer{}, err
	}
	if c.Invoke == nil {
		return callAnswer{}, host.Errorf(host.CodeNotFound, "There is no module to call")
	}
	output, err := c.Invoke(ctx, r.Module, r.Function, input)
	if err != nil {
		return callAnswer{}, err
	}
	return callAnswer{output}, nil
}

func (r *callRequest) input() ([]byte, error) {
	if r.InputEncoding == "" || r.InputEncoding == "json" {
		return r.Input, nil
	}
	if r.InputEncoding != "text" && r.InputEncoding != "base64" {
		return nil, host.Errorf(host.CodeInvalid, "inputEncoding must be one of json, text, base64")
	}
	var text string
	if len(r.Input) == 0 || r.Input[0] != '"' || json.Unmarshal(r.Input, &text) != nil {
		return nil, host.Errorf(host.CodeInvalid, "input must be a text for the inputEncoding %q", r.InputEncoding)
	}
	if r.InputEncoding == "text" {
		return []byte(text), nil
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, host.Errorf(host.CodeInvalid, "input must be base64")
	}
	return data, nil
}
