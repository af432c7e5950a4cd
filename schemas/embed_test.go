package schemas

import (
	"encoding/json"
	"testing"
)

func TestParse_Errors(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"ErrEmpty":     `{"cases": []}`,
		"ErrNone":      `{}`,
		"ErrMalformed": `{`,
	} {
		if _, err := parse[json.RawMessage]("x", []byte(text)); err == nil {
			t.Errorf("%s: %s was taken", name, text)
		}
	}
}
