package schema

import (
	"errors"
	"regexp"
	"regexp/syntax"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// maxPatternSteps bounds a match: the instructions of the pattern, each of which
// may be looked at for each byte of the text. Matching takes no time that grows
// faster, but nothing ends it, and a few kilobytes of pattern are a hundred
// thousand instructions. This many take some seconds.
const maxPatternSteps = 250_000_000

// pattern is a regular expression that ends a check rather than take too long.
type pattern struct {
	*regexp.Regexp
	instructions int
	pace         *pace
}

// compilePattern is the library's way to regular expressions: those of the schema,
// and those that a document has where the format is regex. A megabyte of them
// would take a gigabyte.
func (p *pace) compilePattern(text string) (jsonschema.Regexp, error) {
	p.look()
	if len(text) > MaxBytes {
		return nil, errors.New("the pattern is too long")
	}
	compiled, err := regexp.Compile(text)
	if err != nil {
		return nil, err
	}
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, err
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return nil, err
	}
	return &pattern{compiled, len(program.Inst), p}, nil
}

// MatchString panics with late, which ends the check; see pace.within.
func (p *pattern) MatchString(text string) bool {
	p.pace.look()
	if len(text) > maxPatternSteps/p.instructions {
		panic(late{})
	}
	return p.Regexp.MatchString(text)
}
