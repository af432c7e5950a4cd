package storetest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posternhq/postern/host"
)

// variable stores a variable.
func (b bundle) variable(app *host.App, name, value string) *host.Variable {
	b.t.Helper()
	v := host.NewVariable(app.ID, name, value)
	if _, err := b.PutVariable(b.t.Context(), v); err != nil {
		b.t.Fatal(err)
	}
	return v
}

// secret stores a secret.
func (b bundle) secret(app *host.App, name, value string) *host.Secret {
	b.t.Helper()
	s := host.NewSecret(app.ID, name, value)
	if _, err := b.PutSecret(b.t.Context(), s); err != nil {
		b.t.Fatal(err)
	}
	return s
}

var variableTests = []test{
	{"Put", func(t *testing.T, b bundle) {
		app, other := b.app("A"), b.app("B")
		first := b.variable(app, "REGION", "eu")
		b.variable(other, "REGION", "us")
		second := host.NewVariable(app.ID, "REGION", "Größe ' \" \n")
		created, err := b.PutVariable(t.Context(), second)
		if err != nil || created || second.ID != first.ID || second.CreatedAt != first.CreatedAt {
			t.Errorf("replaced: %+v, %v, %v", second, created, err)
		}
		got, err := b.Variable(t.Context(), app.ID, "REGION")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(second, got, equalTimes); diff != "" {
			t.Error(diff)
		}
		if got, err := b.Variable(t.Context(), other.ID, "REGION"); err != nil || got.Value != "us" {
			t.Errorf("the other app has %+v, %v", got, err)
		}
	}},
	{"List", func(t *testing.T, b bundle) {
		app, other := b.app("A"), b.app("B")
		var want []string
		for i := range 5 {
			want = append(want, b.variable(app, fmt.Sprintf("V%d", i), "x").Name)
		}
		b.variable(other, "theirs", "x")
		slices.Reverse(want)
		var got []string
		for _, v := range pages(t, 2, func(p host.Page) ([]*host.Variable, int, error) { return b.Variables(t.Context(), app.ID, p) }) {
			got = append(got, v.Name)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		for id, want := range map[string]int{app.ID: 5, other.ID: 1, "": 6, host.NewID(): 0} {
			n := 0
			if err := b.EachVariable(t.Context(), id, func(*host.Variable) { n++ }); err != nil || n != want {
				t.Errorf("each of %q: %d, %v; want %d", id, n, err, want)
			}
		}
	}},
	{"Errors", func(t *testing.T, b bundle) {
		app := b.app("A")
		_, err := b.PutVariable(t.Context(), host.NewVariable(host.NewID(), "x", "y"))
		wantError(t, err, host.CodeNotFound, "App not found")
		_, err = b.Variable(t.Context(), app.ID, "x")
		wantError(t, err, host.CodeNotFound, "Variable not found")
		wantError(t, b.DeleteVariable(t.Context(), app.ID, "x"), host.CodeNotFound, "Variable not found")
		b.variable(app, "x", "y")
		wantError(t, b.DeleteVariable(t.Context(), host.NewID(), "x"), host.CodeNotFound, "Variable not found")
		if err := b.DeleteVariable(t.Context(), app.ID, "x"); err != nil {
			t.Error(err)
		}
		_, err = b.Variable(t.Context(), app.ID, "x")
		wantError(t, err, host.CodeNotFound, "Variable not found")
	}},
	{"Changes", func(t *testing.T, b bundle) {
		app := b.app("A")
		last, err := b.LastChange(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		b.variable(app, "x", "y")
		b.secret(app, "x", "y")
		changes, complete, err := b.Store.Changes(t.Context(), last)
		if err != nil || !complete || len(changes) != 2 || changes[0].Kind != host.ChangedVariables || changes[1].Kind != host.ChangedSecrets || changes[0].ID != app.ID {
			t.Errorf("got %v, %v, %v", changes, complete, err)
		}
	}},
	{"Bound", func(t *testing.T, b bundle) {
		app := b.app("A")
		var done sync.WaitGroup
		for range 4 {
			done.Go(func() {
				for i := range host.MaxSettings / 4 {
					_, _ = b.PutVariable(t.Context(), host.NewVariable(app.ID, fmt.Sprintf("V%d-%s", i, host.NewID()), "x"))
				}
			})
		}
		done.Wait()
		_, err := b.PutVariable(t.Context(), host.NewVariable(app.ID, "more", "x"))
		wantError(t, err, host.CodeQuota, "an app has at most 200 of each: variables and secrets")
		b.secret(app, "more", "x")
	}},
}

var secretTests = []test{
	{"Put", func(t *testing.T, b bundle) {
		app, other := b.app("A"), b.app("B")
		first := b.secret(app, "KEY", "s3cret")
		b.secret(other, "KEY", "theirs")
		second := host.NewSecret(app.ID, "KEY", "")
		for _, value := range []string{"n3w ' \n", ""} {
			second.Value = value
			created, err := b.PutSecret(t.Context(), second)
			if err != nil || created || second.ID != first.ID || second.CreatedAt != first.CreatedAt {
				t.Errorf("replaced: %+v, %v, %v", second, created, err)
			}
			if got, err := b.SecretValue(t.Context(), app.ID, "KEY"); err != nil || got != value {
				t.Errorf("got %q, %v; want %q", got, err, value)
			}
		}
		got, err := b.Secret(t.Context(), app.ID, "KEY")
		if err != nil || got.Value != "" || got.ID != first.ID {
			t.Errorf("got %+v, %v", got, err)
		}
		if got, err := b.SecretValue(t.Context(), other.ID, "KEY"); err != nil || got != "theirs" {
			t.Errorf("the other app has %q, %v", got, err)
		}
	}},
	{"List", func(t *testing.T, b bundle) {
		app := b.app("A")
		b.secret(app, "one", "s3cret")
		b.secret(app, "two", "s3cret")
		b.secret(b.app("B"), "theirs", "s3cret")
		list, total, err := b.Secrets(t.Context(), app.ID, host.Page{})
		if err != nil || total != 2 || len(list) != 2 || list[0].Name != "two" || list[0].Value != "" {
			t.Errorf("got %v, %d, %v", list, total, err)
		}
	}},
	{"Errors", func(t *testing.T, b bundle) {
		app := b.app("A")
		_, err := b.PutSecret(t.Context(), host.NewSecret(host.NewID(), "x", "y"))
		wantError(t, err, host.CodeNotFound, "App not found")
		_, err = b.SecretValue(t.Context(), app.ID, "x")
		wantError(t, err, host.CodeNotFound, "Secret not found")
		wantError(t, b.DeleteSecret(t.Context(), app.ID, "x"), host.CodeNotFound, "Secret not found")
		b.secret(app, "x", "y")
		if err := b.DeleteSecret(t.Context(), app.ID, "x"); err != nil {
			t.Error(err)
		}
		_, err = b.Secret(t.Context(), app.ID, "x")
		wantError(t, err, host.CodeNotFound, "Secret not found")
	}},
	{"Audit", func(t *testing.T, b bundle) {
		app := b.app("A")
		ctx, _ := calling(t, "put-secret")
		for _, value := range []string{"s3cret-1", "s3cret-2"} {
			if _, err := b.PutSecret(ctx, host.NewSecret(app.ID, "KEY", value)); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.DeleteSecret(ctx, app.ID, "KEY"); err != nil {
			t.Fatal(err)
		}
		entries := b.entries(host.AuditFilter{})
		if len(entries) != 3 {
			t.Fatalf("got %d entries", len(entries))
		}
		for _, e := range entries {
			if text := string(e.Before) + string(e.After); e.Target.Kind != "secret" || !strings.Contains(text, "KEY") || strings.Contains(text, "s3cret") {
				t.Errorf("got %s", text)
			}
		}
	}},
}
