package admin_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/gofiber/fiber/v2"
	"github.com/posternhq/postern/host/admin"
)

var update = flag.Bool("update", false, "rewrite golden files")

// openAPI is the document, indented.
func openAPI(t *testing.T) []byte {
	t.Helper()
	api := admin.New(admin.Config{})
	api.Mount(fiber.New())
	document, err := api.OpenAPI()
	check(t, err)
	var indented bytes.Buffer
	check(t, json.Indent(&indented, document, "", "  "))
	indented.WriteByte('\n')
	return indented.Bytes()
}

// TestOpenAPI holds the document made from the handlers' types against the one
// that was reviewed.
func TestOpenAPI(t *testing.T) {
	t.Parallel()
	got := openAPI(t)
	const golden = "testdata/openapi.json"
	if *update {
		check(t, os.WriteFile(golden, got, 0o644))
	}
	want, err := os.ReadFile(golden)
	check(t, err)
	if !bytes.Equal(got, want) {
		t.Error("the OpenAPI document differs from testdata/openapi.json; `make openapi UPDATE=1` rewrites it")
	}
}
