// Package call runs functions of other modules of the same release within the
// invocation: in its transaction, its deadline and its limits. At most four are
// within one another, and none calls itself, however far around.
//
// The function that is called is one of [postern.RunBytes]:
//
//	//go:wasmexport quote
//	func quote() int32 {
//		return postern.RunBytes(func(input []byte) ([]byte, error) { … })
//	}
package call

import (
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/posternhq/postern/sdk/go/operation"
)

type request struct {
	Module        string `json:"module"`
	Function      string `json:"function"`
	Input         any    `json:"input,omitempty"`
	InputEncoding string `json:"inputEncoding,omitempty"`
}

type answer struct {
	Output         json.RawMessage `json:"output"`
	OutputEncoding string          `json:"outputEncoding"`
}

// Run calls a function of the module that has the name in the release, with the
// JSON of input, and makes an Output of the JSON it gives. If the function fails,
// the error has the code [operation.ModuleFailed], and what it wrote before
// stands: the status of the caller's response decides about it.
func Run[Output any](module, function string, input any) (output Output, err error) {
	a, err := operation.Carry[answer](operation.Call, request{module, function, input, "json"})
	if err != nil || len(a.Output) == 0 {
		return output, err
	}
	if a.OutputEncoding != "json" {
		return output, fmt.Errorf("call: the output of %s is no JSON", function)
	}
	if err := json.Unmarshal(a.Output, &output); err != nil {
		return output, fmt.Errorf("call: the output of %s does not fit its type: %w", function, err)
	}
	return output, nil
}

// Bytes is [Run] for functions whose input and output are no JSON.
func Bytes(module, function string, input []byte) (output []byte, err error) {
	a, err := operation.Carry[answer](operation.Call, request{module, function, base64.StdEncoding.EncodeToString(input), "base64"})
	if err != nil || len(a.Output) == 0 || a.OutputEncoding == "json" {
		return a.Output, err
	}
	var text string
	if err := json.Unmarshal(a.Output, &text); err != nil {
		return nil, fmt.Errorf("call: the output of %s is not understood: %w", function, err)
	}
	if a.OutputEncoding == "base64" {
		return base64.StdEncoding.DecodeString(text)
	}
	return []byte(text), nil
}
