package schema

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// patience is how long a document may take to be checked. A schema of a few
// hundred bytes, each of whose rules refers twice to the next, takes longer than
// anybody lives.
const patience = 2 * time.Second

// pace ends checks that take too long. The library knows no deadline, but asks
// for the format of a value before it goes on to the rules within a rule: so
// every rule gets a format that looks whether there is time.
type pace struct {
	mu   sync.Mutex
	slow int         // checks that are late and have not ended yet
	late atomic.Bool // whether there are any; ends every check of the schema
}

// late is what ends a check.
type late struct{}

// vocabulary is how to reach each rule that the library compiles.
func (p *pace) vocabulary() *jsonschema.Vocabulary {
	return &jsonschema.Vocabulary{
		URL: base + "pace",
		Compile: func(ctx *jsonschema.CompilerContext, _ map[string]any) (jsonschema.SchemaExt, error) {
			rule := ctx.Enqueue(nil) // nil leads to the rule itself
			rule.Format = p.before(rule.Format)
			if rule.Enum != nil { // a long list, which the library goes through before it asks
				rule.AllOf = append(rule.AllOf, &jsonschema.Schema{Location: rule.Location, DraftVersion: rule.DraftVersion, Enum: rule.Enum})
				rule.Enum = nil
			}
			return nil, nil
		},
	}
}

// before is a format that looks at the time and then applies the other, nil for
// none.
func (p *pace) before(format *jsonschema.Format) *jsonschema.Format {
	paced := &jsonschema.Format{Validate: func(any) error { return nil }}
	if format != nil {
		*paced = *format
	}
	apply := paced.Validate
	paced.Validate = func(value any) error {
		p.look()
		return apply(value)
	}
	return paced
}

// look ends a check that is late.
func (p *pace) look() {
	if p.late.Load() {
		panic(late{})
	}
}

// within runs a check and reports whether it ended in time. One that does not
// also ends those that run beside it with the same schema.
func (p *pace) within(check func()) (inTime bool) {
	ended, wasLate := false, false
	timer := time.AfterFunc(patience, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if !ended {
			wasLate = true
			p.slow++
			p.late.Store(true)
		}
	})
	defer func() {
		timer.Stop()
		p.mu.Lock()
		defer p.mu.Unlock()
		ended = true
		if wasLate {
			p.slow--
			p.late.Store(p.slow > 0)
		}
		switch r := recover(); r.(type) {
		case nil:
		case late:
			inTime = false
		default:
			panic(r)
		}
	}()
	check()
	return true
}
