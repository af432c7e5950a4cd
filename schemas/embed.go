// Package schemas holds the JSON Schemas of Postern's formats, and the vectors
// that every implementation of them is tested with. It is here because go:embed
// cannot reach upward; it knows nothing of the host.
package schemas

import (
	"embed"
	"encoding/json"
	"fmt"
)

// Payload is the schema of what a module gets.
//
//go:embed payload.v1.json
var Payload []byte

// Response is the schema of what a module gives back.
//
//go:embed response.v1.json
var Response []byte

// Manifest is the schema of postern.yaml.
//
//go:embed manifest.v1.json
var Manifest []byte

//go:embed vectors/*.json
var vectors embed.FS

// File is a file of vectors: what its cases share, and the cases.
type File[Case any] struct {
	Base  json.RawMessage `json:"base"`
	Cases []Case          `json:"cases"`
}

// Vectors reads vectors/<name>.json, which vectors/README.md describes. A file
// without cases is an error: a test that loops over nothing passes for ever.
func Vectors[Case any](name string) (File[Case], error) {
	b, err := vectors.ReadFile("vectors/" + name + ".json")
	if err != nil {
		return File[Case]{}, err
	}
	return parse[Case](name, b)
}

func parse[Case any](name string, b []byte) (File[Case], error) {
	var file File[Case]
	if err := json.Unmarshal(b, &file); err != nil {
		return file, fmt.Errorf("vectors/%s.json: %w", name, err)
	}
	if len(file.Cases) == 0 {
		return file, fmt.Errorf("vectors/%s.json has no cases", name)
	}
	return file, nil
}
