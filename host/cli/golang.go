package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	sdk "github.com/posternhq/postern/sdk/go"
)

// sdkModule is the module path of the Go SDK.
const sdkModule = "github.com/posternhq/postern/sdk/go"

// goBuild compiles one Go package to WebAssembly with the user's toolchain.
type goBuild struct {
	*console
	source string // directory of the package
	output string // directory for the module, the SDK and the workspace
	tool   string // path of the go command
}

// run compiles the package to file.
func (b *goBuild) run(ctx context.Context, file string) error {
	var err error
	if b.tool, err = exec.LookPath("go"); err != nil {
		return hint(errors.New("the go command is not installed, or not in PATH"), "install Go from https://go.dev/dl/, or build the module by other means and name it with “file:” instead of “source:”")
	}
	env := append(slices.Clone(b.env), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	provided, err := b.providesSDK(ctx, env)
	if err != nil {
		return err
	}
	if !provided {
		workspace, err := b.makeWorkspace(ctx, env)
		if err != nil {
			return fmt.Errorf("cannot supply the SDK: %w", err)
		}
		// A workspace takes no -mod=mod, which GOFLAGS may hold.
		env = append(env, "GOWORK="+workspace, "GOFLAGS="+withoutMod(b.getenv("GOFLAGS")))
	}
	target, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	// Without paths, symbols and version control stamps the same source
	// gives the same bytes, and so the same version of the module.
	args := []string{"build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-buildmode=c-shared", "-o", target, "."}
	if _, err := b.goCommand(ctx, env, args...); err != nil {
		return err
	}
	return nil
}

// goCommand runs the go command in the package's directory. What it writes to
// standard error is shown if it fails.
func (b *goBuild) goCommand(ctx context.Context, env []string, args ...string) ([]byte, error) {
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(ctx, b.tool, args...)
	command.Dir, command.Env, command.Stdout, command.Stderr = b.source, env, &stdout, &stderr
	err := command.Run()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		b.err.Write(stderr.Bytes())
		return nil, fmt.Errorf("go %s failed in %s: %w", args[0], b.source, err)
	}
	return stdout.Bytes(), nil
}

// providesSDK reports whether the module of the package says itself where the
// SDK comes from, by requiring or replacing it.
func (b *goBuild) providesSDK(ctx context.Context, env []string) (bool, error) {
	if info, err := os.Stat(b.source); err != nil || !info.IsDir() {
		return false, hint(fmt.Errorf("source %s is no directory", b.source), "“source:” is the directory of a Go package, relative to the manifest")
	}
	name, err := b.goCommand(ctx, append(slices.Clone(env), "GOWORK=off"), "env", "GOMOD")
	if err != nil {
		return false, err
	}
	gomod := strings.TrimSpace(string(name))
	if gomod == "" || gomod == os.DevNull {
		return false, hint(fmt.Errorf("%s belongs to no Go module: there is no go.mod", b.source), "run “go mod init example.com/%s” in %s", moduleGuess(b.source), b.source)
	}
	text, err := b.goCommand(ctx, env, "mod", "edit", "-json", gomod)
	if err != nil {
		return false, err
	}
	var mod struct {
		Module  struct{ Path string }
		Require []struct{ Path string }
		Replace []struct{ Old struct{ Path string } }
	}
	if err := json.Unmarshal(text, &mod); err != nil {
		return false, fmt.Errorf("cannot read %s: %w", gomod, err)
	}
	for _, r := range mod.Replace {
		if r.Old.Path == sdkModule {
			return true, nil
		}
	}
	for _, r := range mod.Require {
		if r.Path == sdkModule {
			return true, nil
		}
	}
	return mod.Module.Path == sdkModule, nil
}

// moduleGuess is a name for the module of a directory, for the hint.
func moduleGuess(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		return filepath.Base(abs)
	}
	return "plugin"
}

// makeWorkspace writes the SDK this command was built with, and a go.work that
// joins it with the user's module, whose files stay as they are.
func (b *goBuild) makeWorkspace(ctx context.Context, env []string) (string, error) {
	output, err := filepath.Abs(b.output)
	if err != nil {
		return "", err
	}
	sources, err := writeSDK(output)
	if err != nil {
		return "", err
	}
	info, err := b.goCommand(ctx, append(slices.Clone(env), "GOWORK=off"), "env", "GOVERSION", "GOMOD")
	if err != nil {
		return "", err
	}
	version, gomod, _ := strings.Cut(strings.TrimSpace(string(info)), "\n")
	// The workspace must not be older than any module in it; the toolchain
	// that builds them is not.
	number := regexp.MustCompile(`1\.\d+(\.\d+|rc\d+|beta\d+)?`).FindString(version)
	workspace := filepath.Join(output, "go.work")
	content := fmt.Sprintf("go %s\n\nuse (\n\t%q\n\t%q\n)\n", number, sources, filepath.Dir(gomod))
	return workspace, os.WriteFile(workspace, []byte(content), 0o644)
}

// writeSDK writes the sources of the SDK below dir and returns where. The name
// holds their digest: another version lies beside it, and builds that run at
// once do not write over one another.
func writeSDK(dir string) (string, error) {
	digest, err := digestOf(sdk.Source)
	if err != nil {
		return "", err
	}
	target := filepath.Join(dir, "sdk-"+digest[:12])
	if _, err := os.Stat(target); !errors.Is(err, fs.ErrNotExist) {
		return target, err
	}
	fresh, err := os.MkdirTemp(dir, "sdk-*.tmp")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(fresh)
	if err := os.CopyFS(fresh, sdk.Source); err != nil {
		return "", err
	}
	if err := os.Rename(fresh, target); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return target, nil
}

// digestOf is the SHA-256 of the names and contents of all files.
func digestOf(files fs.FS) (string, error) {
	hash := sha256.New()
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, name)
		fmt.Fprintf(hash, "%s %d\n%s", name, len(content), content)
		return err
	})
	return hex.EncodeToString(hash.Sum(nil)), err
}

// withoutMod drops -mod from GOFLAGS.
func withoutMod(flags string) string {
	kept := slices.DeleteFunc(strings.Fields(flags), func(flag string) bool {
		return strings.HasPrefix(strings.TrimLeft(flag, "-"), "mod=")
	})
	return strings.Join(kept, " ")
}
