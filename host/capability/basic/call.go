package basic

import (
	"context"
	"encoding/base64"
	"encoding/json"
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

// callAnswer is the function's output: JSON if it is that, a text if it is
// UTF-8, else base64; OutputEncoding tells which. Both are absent for none.
type callAnswer struct {
	Output         json.RawMessage `json:"output,omitempty"`
	OutputEncoding string          `json:"outputEncoding,omitempty"`
}

// call runs a function of another module of the release, within the invocation.
// What it wrote before it failed stands: the caller's status decides about it.
func call(ctx context.Context, c *capability.Call, r *callRequest) (*callAnswer, error) {
	if r.Module == "" || r.Function == "" {
		return nil, host.Errorf(host.CodeInvalid, "module and function must be given")
	}
	input, err := r.input()
	if err != nil {
		return nil, err
	}
	if c.Invoke == nil {
		return nil, host.Errorf(host.CodeNotFound, "There is no module to call")
	}
	output, err := c.Invoke(ctx, r.Module, r.Function, input)
	if err != nil {
		return nil, err
	}
	return answerOf(output), nil
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

func answerOf(output []byte) *callAnswer {
	switch {
	case len(output) == 0:
		return &callAnswer{}
	case utf8.Valid(output) && json.Valid(output):
		return &callAnswer{output, "json"}
	case utf8.Valid(output):
		return &callAnswer{quote(string(output)), "text"}
	}
	return &callAnswer{quote(base64.StdEncoding.EncodeToString(output)), "base64"}
}

func quote(text string) json.RawMessage {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err) // a text
	}
	return quoted
}
