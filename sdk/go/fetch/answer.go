package fetch

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Answer is what a service answered.
type Answer struct {
	Status int
	URL    string // where the answer came from, after redirects

	header map[string]values
	body   []byte
}

// values are those of a header.
type values []string

// UnmarshalJSON reads a text or a list of texts.
func (v *values) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		return json.Unmarshal(b, (*[]string)(v))
	}
	*v = values{""}
	return json.Unmarshal(b, &(*v)[0])
}

// Header returns the first value of a header, in whatever case its name is
// given; "" if there is none.
func (a *Answer) Header(name string) string {
	if all := a.HeaderAll(name); len(all) > 0 {
		return all[0]
	}
	return ""
}

// HeaderAll returns all values of a header.
func (a *Answer) HeaderAll(name string) []string { return a.header[strings.ToLower(name)] }

// Body returns the bytes of the body; see [Request.Raw] for those of JSON.
func (a *Answer) Body() []byte { return a.body }

// Text returns the body as a text.
func (a *Answer) Text() string { return string(a.body) }

// JSON decodes the body, whatever its status.
func (a *Answer) JSON(v any) error {
	if err := json.Unmarshal(a.body, v); err != nil {
		return fmt.Errorf("fetch: the answer is not the JSON that was expected: %w", err)
	}
	return nil
}

// Succeeded is nil for a status of 200 to 299, else a [*StatusError].
func (a *Answer) Succeeded() error {
	if a.Status >= 200 && a.Status < 300 {
		return nil
	}
	return &StatusError{a}
}

// StatusError is the error of an answer that a service gave, and that is not what
// was asked for.
type StatusError struct{ Answer *Answer }

// Error tells the status. Neither URL nor body, which may hold secrets.
func (e *StatusError) Error() string {
	return "fetch: the answer has the status " + strconv.Itoa(e.Answer.Status)
}
