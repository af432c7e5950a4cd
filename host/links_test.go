package host_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

var (
	fenced   = regexp.MustCompile("(?ms)^```.*?^```$")
	codeSpan = regexp.MustCompile("`[^`\n]+`")
	link     = regexp.MustCompile(`\[[^\]]*\]\(([^)\s]+)\)`)
	heading  = regexp.MustCompile(`(?m)^#+ (.*)$`)
	source   = regexp.MustCompile(`^[a-z_]+(/[A-Za-z0-9_]+)+\.(go|md)$`)
)

// page is a Markdown file without its blocks of code.
type page struct{ file, text string }

// pages reads all Markdown files of the repository, by their cleaned path.
func pages(t *testing.T) map[string]page {
	t.Helper()
	out := map[string]page{}
	err := filepath.WalkDir("..", func(file string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "bin") {
			return fs.SkipDir
		}
		if err != nil || filepath.Ext(file) != ".md" {
			return err
		}
		text, err := os.ReadFile(file)
		out[file] = page{file, fenced.ReplaceAllString(string(text), "")}
		return err
	})
	if err != nil || len(out) < 10 {
		t.Fatalf("%d pages: %v", len(out), err)
	}
	return out
}

// anchors are the names that sites give to the headings of a page.
func (p page) anchors() (names []string) {
	for _, m := range heading.FindAllStringSubmatch(p.text, -1) {
		name := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_':
				return unicode.ToLower(r)
			}
			return -1
		}, m[1])
		again := name
		for n := 1; slices.Contains(names, again); n++ {
			again = fmt.Sprint(name, "-", n)
		}
		names = append(names, again)
	}
	return names
}

// TestLinks follows every link of the documentation within the repository, and
// looks for the source files that it names.
func TestLinks(t *testing.T) {
	t.Parallel()
	all := pages(t)
	followed := 0
	for _, p := range all {
		for _, m := range link.FindAllStringSubmatch(codeSpan.ReplaceAllString(p.text, "code"), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			followed++
			path, anchor, _ := strings.Cut(m[1], "#")
			file := p.file
			if path != "" {
				file = filepath.Join(filepath.Dir(p.file), filepath.FromSlash(path))
			}
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s: %s is not there", p.file, m[1])
			} else if anchor != "" && !slices.Contains(all[file].anchors(), anchor) {
				t.Errorf("%s: %s has no such heading", p.file, m[1])
			}
		}
		for _, span := range codeSpan.FindAllString(p.text, -1) {
			if name := strings.Trim(span, "`"); source.MatchString(name) && !found(filepath.Dir(p.file), name) {
				t.Errorf("%s: %s is not there", p.file, name)
			}
		}
	}
	if followed < 20 {
		t.Errorf("followed %d links", followed)
	}
}

// found reports whether a file is there: beside the page, in the packages or
// from the top of the repository.
func found(beside, name string) bool {
	return slices.ContainsFunc([]string{beside, ".", ".."}, func(dir string) bool {
		_, err := os.Stat(filepath.Join(dir, name))
		return err == nil
	})
}
