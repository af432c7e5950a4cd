// Package archive reads and writes an app as one file.
//
// It owns the format: a zip file of manifest.json and the modules, each called
// modules/ and the digest of its bytes. The manifest holds the settings of the
// app, the endpoints of its active release as the management API takes them,
// the names of their key groups, the names of the modules, the definitions of
// objects and the variables. It holds nothing secret, and nothing that belongs to
// the place the app comes from: no secrets, no keys, no domains, no webhook, no
// members of key groups, no records.
//
// An archive comes from anybody, so that the reader believes nothing of it:
// names it does not expect, entries that repeat, sizes beyond bounds and bytes
// that do not have their digest are refused. It must not know where apps are
// kept, nor whether an endpoint or a module is valid.
package archive

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/posternhq/postern/host"
)

// Format is the number of the format, which rises when older readers could
// misread it.
const Format = 1

// MediaType is that of an archive.
const MediaType = "application/zip"

// Names inside the zip file.
const (
	manifestName = "manifest.json"
	moduleFolder = "modules/"
)

// Manifest says what an archive holds.
type Manifest struct {
	Format int `json:"format"`
	App    App `json:"app"`
	// Release is the number of the release the endpoints come from; 0 for an
	// app that had none.
	Release int `json:"release"`
	// Endpoints are as the management API takes them; module is a digest.
	Endpoints []json.RawMessage `json:"endpoints"`
	KeyGroups []string          `json:"key_groups"`
	// Modules come in the order they were uploaded under their names.
	Modules []Module `json:"modules"`
	// Objects are the definitions of the app's objects, by name.
	Objects []Object `json:"objects,omitempty"`
	// Variables are those of the app, by name. Its secrets stay where they are.
	Variables []Variable `json:"variables,omitempty"`
}

// Variable is a variable of an app.
type Variable struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Object is the definition of an object, without records.
type Object struct {
	Name          string          `json:"name"`
	Schema        json.RawMessage `json:"schema"`
	UniqueFields  []string        `json:"unique_fields"`
	IndexedFields []string        `json:"indexed_fields"`
}

// App are the settings of an app that are neither secret nor bound to where it
// is.
type App struct {
	Name              string          `json:"name"`
	Environment       string          `json:"environment"`
	Description       *string         `json:"description"`
	WebsiteURL        *string         `json:"website_url"`
	AuthorizedDomains []string        `json:"authorized_domains"`
	DataRetentionDays int             `json:"data_retention_days"`
	Timezone          string          `json:"timezone"`
	ContextInfo       *string         `json:"context_info"`
	RateLimit         *host.RateLimit `json:"rate_limit"`
	Capabilities      []string        `json:"capabilities,omitempty"`
	AllowedHosts      []string        `json:"allowed_hosts,omitempty"`
}

// Module is a module that endpoints use.
type Module struct {
	Name    string `json:"name"`
	Version int    `json:"version"` // in the app it comes from
	Digest  string `json:"digest"`
}

// endpoint is an endpoint without what only the app it comes from can say.
type endpoint struct {
	*host.Endpoint
	Module    string `json:"module"`
	ID        string `json:"id,omitempty"`
	CreatedAt string `json:"created_at,omitempty"`
	UpdatedAt string `json:"updated_at,omitempty"`
	Revision  int    `json:"revision,omitempty"`
}

// Describe makes the manifest of an app, its active release, its objects and its
// variables.
func Describe(app *host.App, release *host.Release, objects []*host.Object, variables []*host.Variable) (*Manifest, error) {
	m := &Manifest{
		Format: Format, Release: release.Number, Endpoints: []json.RawMessage{}, KeyGroups: []string{}, Modules: []Module{},
		App: App{
			Name: app.Name, Environment: app.Environment, Description: app.Description, WebsiteURL: app.WebsiteURL,
			AuthorizedDomains: app.AuthorizedDomains, DataRetentionDays: app.DataRetentionDays, Timezone: app.Timezone,
			ContextInfo: app.ContextInfo, RateLimit: app.RateLimit, Capabilities: app.Capabilities,
			AllowedHosts: app.AllowedHosts,
		},
	}
	for i := range release.Endpoints {
		e := &release.Endpoints[i]
		raw, err := json.Marshal(endpoint{Endpoint: e, Module: e.Module.Digest})
		if err != nil {
			return nil, err
		}
		m.Endpoints = append(m.Endpoints, raw)
		m.KeyGroups = append(m.KeyGroups, e.KeyGroups...)
		if used := Module(e.Module); !slices.Contains(m.Modules, used) {
			m.Modules = append(m.Modules, used)
		}
	}
	slices.Sort(m.KeyGroups)
	m.KeyGroups = slices.Compact(m.KeyGroups)
	slices.SortStableFunc(m.Modules, func(x, y Module) int { return x.Version - y.Version })
	for _, o := range objects {
		m.Objects = append(m.Objects, Object{o.Name, o.Schema, o.UniqueFields, o.IndexedFields})
	}
	slices.SortFunc(m.Objects, func(x, y Object) int { return strings.Compare(x.Name, y.Name) })
	for _, v := range variables {
		m.Variables = append(m.Variables, Variable{v.Name, v.Value})
	}
	slices.SortFunc(m.Variables, func(x, y Variable) int { return strings.Compare(x.Name, y.Name) })
	return m, nil
}

// Write writes an archive. content returns the bytes of a module by its digest.
// The same app makes the same bytes.
func Write(w io.Writer, m *Manifest, content func(digest string) ([]byte, error)) error {
	out := zip.NewWriter(w)
	manifest, err := json.MarshalIndent(m, "", "  ")
	if err == nil && len(manifest) > maxManifest {
		err = fmt.Errorf("the manifest of the app has %d bytes; no reader takes more than %d", len(manifest), maxManifest)
	}
	if err != nil {
		return err
	}
	if err := writeEntry(out, manifestName, manifest); err != nil {
		return err
	}
	written := map[string]bool{}
	for _, module := range m.Modules {
		if written[module.Digest] {
			continue
		}
		written[module.Digest] = true
		bytes, err := content(module.Digest)
		if err != nil {
			return err
		}
		if err := writeEntry(out, moduleFolder+module.Digest, bytes); err != nil {
			return err
		}
	}
	return out.Close()
}

func writeEntry(out *zip.Writer, name string, content []byte) error {
	entry, err := out.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
	if err != nil {
		return err
	}
	_, err = entry.Write(content)
	return err
}
