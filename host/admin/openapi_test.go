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

// TestOpenAPI holds the document made from the handlers' types against the one
// that was reviewed.
func TestOpenAPI(t *testing.T) {
	t.Parallel()
	api := admin.New(admin.Config{})
	api.Mount(fiber.New())
	document, err := api.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, document, "", "  "); err != nil {
		t.Fatal(err)
	}
	indented.WriteByte('\n')
	const golden = "testdata/openapi.json"
	if *update {
		if err := os.WriteFile(golden, indented.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(indented.Bytes(), want) {
		t.Error("the OpenAPI document differs from testdata/openapi.json; `make openapi UPDATE=1` rewrites it")
	}
}
