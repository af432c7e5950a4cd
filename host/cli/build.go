package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

// outputDir is where builds of a project go, inside it.
const outputDir = ".postern"

// built is a module ready for upload.
type built struct {
	Name   string `json:"name"`
	File   string `json:"file"`
	Size   int64  `json:"size"`
	Digest string `json:"digest"`
}

func buildCommand(c *console) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use: "build [DIR]", Short: "Build the modules of a project", Args: cobra.MaximumNArgs(1),
		Long: `Build the modules that DIR/postern.yaml names, and check the manifest.

A module with “source” is a Go package with its own go.mod; it is compiled to
DIR/.postern/NAME.wasm. The SDK (github.com/posternhq/postern/sdk/go) comes with
this command: go.mod needs no line for it, and may have one. A module with
“file” is taken as it is.`,
		Example: "  postern build\n  postern build ./hello --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := readManifest(directory(args))
			if err != nil {
				return err
			}
			modules, err := c.build(cmd.Context(), m)
			if err != nil {
				return err
			}
			if asJSON {
				return c.document(map[string]any{"modules": modules})
			}
			rows := [][]string{}
			for _, b := range modules {
				rows = append(rows, []string{b.Name, megabytes(b.Size), b.Digest[:12], b.File})
			}
			return c.table([]string{"MODULE", "SIZE", "DIGEST", "FILE"}, rows)
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	return command
}

// directory is the project named by the arguments.
func directory(args []string) string {
	if len(args) == 0 {
		return "."
	}
	return args[0]
}

// build makes every module of the manifest, in the order of their names.
func (c *console) build(ctx context.Context, m *manifest) ([]built, error) {
	var out []built
	for _, name := range m.moduleNames() {
		if isTerminal(c.err) && m.Modules[name].Source != "" {
			c.say("building %s", name)
		}
		file, err := c.moduleFile(ctx, m, name)
		if err != nil {
			return nil, fmt.Errorf("cannot build module %s: %w", name, err)
		}
		b, err := examine(name, file)
		if err != nil {
			return nil, fmt.Errorf("cannot read module %s: %w", name, err)
		}
		out = append(out, b)
	}
	return out, nil
}

// moduleFile returns the .wasm file of a module, compiling it if need be.
func (c *console) moduleFile(ctx context.Context, m *manifest, name string) (string, error) {
	source := m.Modules[name]
	if source.File != "" {
		return resolve(m.dir, source.File), nil
	}
	output := filepath.Join(m.dir, outputDir)
	if err := makeOutputDir(output); err != nil {
		return "", err
	}
	file := filepath.Join(output, name+".wasm")
	b := &goBuild{console: c, source: resolve(m.dir, source.Source), output: output}
	return file, b.run(ctx, file)
}

// resolve finds a path of the manifest, which starts where the manifest lies.
func resolve(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, filepath.FromSlash(path))
}

// makeOutputDir makes the directory of builds and has git ignore it.
func makeOutputDir(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	ignore := filepath.Join(dir, ".gitignore")
	if _, err := os.Stat(ignore); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.WriteFile(ignore, []byte("*\n"), 0o644)
}

// examine measures a module and takes its digest.
func examine(name, file string) (built, error) {
	f, err := os.Open(file)
	if err != nil {
		return built{}, err
	}
	defer f.Close()
	hash := sha256.New()
	head := make([]byte, 4)
	if _, err := io.ReadFull(f, head); err != nil || string(head) != "\x00asm" {
		return built{}, hint(fmt.Errorf("%s is no WebAssembly module", file), "a module begins with the bytes 00 61 73 6d; is it the text form (.wat)?")
	}
	hash.Write(head)
	n, err := io.Copy(hash, f)
	if err != nil {
		return built{}, err
	}
	return built{Name: name, File: file, Size: n + int64(len(head)), Digest: hex.EncodeToString(hash.Sum(nil))}, nil
}

// megabytes writes a size for people.
func megabytes(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}
