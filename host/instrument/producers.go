package instrument

import "strings"

// language finds the language in the producers section. That section is
// hearsay: a malformed one says nothing.
func (m *binary) language() string {
	for _, s := range m.sections {
		r := &reader{b: s.body}
		if s.id != sectionCustom || r.name() != "producers" {
			continue
		}
		for fields := r.count(2); fields > 0; fields-- {
			field := r.name()
			for values := r.count(2); values > 0; values-- {
				name, _ := r.name(), r.name()
				if r.err == nil && field == "language" {
					return label(strings.TrimSpace(name))
				}
			}
		}
	}
	return ""
}
