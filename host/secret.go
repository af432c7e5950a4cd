package host

import (
	"context"
	"strings"
	"unicode/utf8"
)

// Secret is a value of an app that only its modules read. What is shown of it
// never includes the value.
type Secret struct {
	ID        string `json:"id"`
	AppID     string `json:"app_id"`
	Name      string `json:"name"`
	CreatedAt Time   `json:"created_at"`
	UpdatedAt Time   `json:"updated_at"`

	Value string `json:"-"`
}

// Variable is a value of an app that its modules read as their configuration.
type Variable struct {
	ID        string `json:"id"`
	AppID     string `json:"app_id"`
	Name      string `json:"name"`
	Value     string `json:"value"`
	CreatedAt Time   `json:"created_at"`
	UpdatedAt Time   `json:"updated_at"`
}

// Bounds of an app's secrets and variables, each kind by itself.
const (
	MaxSettings     = 200
	MaxSettingBytes = 64 << 10 // of a value
)

// NewSecret returns a secret of an app.
func NewSecret(appID, name, value string) *Secret {
	now := Now()
	return &Secret{ID: NewID(), AppID: appID, Name: name, Value: value, CreatedAt: now, UpdatedAt: now}
}

// NewVariable returns a variable of an app.
func NewVariable(appID, name, value string) *Variable {
	now := Now()
	return &Variable{ID: NewID(), AppID: appID, Name: name, Value: value, CreatedAt: now, UpdatedAt: now}
}

// Validate checks name and value. The error is a CodeInvalid with the rule.
func (s *Secret) Validate() error { return validateSetting(s.Name, s.Value) }

// Validate checks name and value. The error is a CodeInvalid with the rule.
func (v *Variable) Validate() error { return validateSetting(v.Name, v.Value) }

func validateSetting(name, value string) error {
	ok := name != "" && len(name) <= 100 && !strings.HasPrefix(name, ".") && !strings.HasPrefix(name, "-")
	for _, c := range []byte(name) {
		ok = ok && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(".-_", c) >= 0)
	}
	if !ok {
		return Errorf(CodeInvalid, "name must be 1-100 letters, digits, dots, hyphens or underscores, and begin with a letter, digit or underscore")
	}
	if len(value) > MaxSettingBytes || !utf8.ValidString(value) || strings.IndexByte(value, 0) >= 0 {
		return Errorf(CodeInvalid, "value must be UTF-8 without NUL characters, at most %d bytes", MaxSettingBytes)
	}
	return nil
}

// SecretStore keeps secrets, sealed. Errors: CodeNotFound with the text "Secret
// not found" or "App not found", CodeQuota for more than MaxSettings.
type SecretStore interface {
	// PutSecret stores the value under the name, in place of the one there
	// was: then s gets its ID and CreatedAt, and created is false.
	PutSecret(ctx context.Context, s *Secret) (created bool, err error)
	// Secret finds one, without its value.
	Secret(ctx context.Context, appID, name string) (*Secret, error)
	// Secrets lists those of an app without values, newest first, with their
	// number.
	Secrets(ctx context.Context, appID string, page Page) ([]*Secret, int, error)
	// SecretValue unseals the value.
	SecretValue(ctx context.Context, appID, name string) (string, error)
	DeleteSecret(ctx context.Context, appID, name string) error
}

// VariableStore keeps variables. Errors: CodeNotFound with the text "Variable
// not found" or "App not found", CodeQuota for more than MaxSettings.
type VariableStore interface {
	// PutVariable stores the value under the name, in place of the one there
	// was: then v gets its ID and CreatedAt, and created is false.
	PutVariable(ctx context.Context, v *Variable) (created bool, err error)
	Variable(ctx context.Context, appID, name string) (*Variable, error)
	// Variables lists those of an app, newest first, with their number.
	Variables(ctx context.Context, appID string, page Page) ([]*Variable, int, error)
	// EachVariable calls fn for every variable of an app, or of all for "".
	EachVariable(ctx context.Context, appID string, fn func(*Variable)) error
	DeleteVariable(ctx context.Context, appID, name string) error
}
