package tck

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// parse decodes JSON with numbers as they were written.
func parse(text []byte) (value any, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err = d.Decode(&value); err == nil && d.More() {
		err = fmt.Errorf("there is more behind the value: %.100s", text)
	}
	return value, err
}

// patterns are texts of a case that stand for many.
var patterns = map[string]*regexp.Regexp{
	"<text>": regexp.MustCompile(`^`),
	"<uuid>": regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`),
	"<time>": regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`),
}

// Match reports where an answer is not what want says, as the answers of cases
// do.
func Match(answer, want []byte) error {
	got, err := parse(answer)
	if err != nil {
		return err
	}
	expected, err := parse(want)
	if err != nil {
		return err
	}
	return match("", got, expected)
}

// match reports where got is not what want says: objects have at least the
// members of want, lists the same elements in order, the rest is equal. The
// text "<absent>" wants no member, "<text>", "<uuid>" and "<time>" any such text,
// "<has>…" one that has the rest in it.
func match(where string, got, want any) error {
	switch want := want.(type) {
	case map[string]any:
		members, ok := got.(map[string]any)
		if !ok {
			return fmt.Errorf("%s is %v, want an object", where, got)
		}
		for name, value := range want {
			member, there := members[name]
			if value == "<absent>" {
				if there {
					return fmt.Errorf("%s.%s is %v, want none", where, name, member)
				}
				continue
			}
			if !there {
				return fmt.Errorf("%s has no %s", where, name)
			}
			if err := match(where+"."+name, member, value); err != nil {
				return err
			}
		}
		return nil
	case []any:
		elements, ok := got.([]any)
		if !ok || len(elements) != len(want) {
			return fmt.Errorf("%s is %v, want %d elements", where, got, len(want))
		}
		for i, value := range want {
			if err := match(fmt.Sprintf("%s.%d", where, i), elements[i], value); err != nil {
				return err
			}
		}
		return nil
	case string:
		text, isText := got.(string)
		if pattern := patterns[want]; pattern != nil && isText && pattern.MatchString(text) {
			return nil
		}
		if part, has := strings.CutPrefix(want, "<has>"); has && strings.Contains(text, part) {
			return nil
		}
	}
	if got != want {
		return fmt.Errorf("%s is %v, want %v", where, got, want)
	}
	return nil
}

// follow leads to a part of a decoded answer, nil if there is none.
func follow(value any, names []string) any {
	for _, name := range names {
		switch v := value.(type) {
		case map[string]any:
			value = v[name]
		case []any:
			var i int
			if _, err := fmt.Sscan(name, &i); err != nil || i >= len(v) {
				return nil
			}
			value = v[i]
		default:
			return nil
		}
	}
	return value
}

// expand spells out what would make a case too long to read: {"$repeat":n,
// "of":x} in a list is n times x with "$n" in its texts replaced by 0, 1, …;
// {"$text":n} a text of n bytes; {"$nest":n} n objects within one another.
func expand(value any) any {
	switch v := value.(type) {
	case map[string]any:
		if n, ok := count(v["$text"]); ok {
			return strings.Repeat("x", n)
		}
		if n, ok := count(v["$nest"]); ok {
			inner := map[string]any{}
			for range n - 1 {
				inner = map[string]any{"a": inner}
			}
			return inner
		}
		for name, member := range v {
			v[name] = expand(member)
		}
	case []any:
		var all []any
		for _, element := range v {
			member, _ := element.(map[string]any)
			n, ok := count(member["$repeat"])
			if !ok {
				all = append(all, expand(element))
				continue
			}
			of, _ := json.Marshal(member["of"]) // decoded a moment ago
			for i := range n {
				copied, _ := parse(bytes.ReplaceAll(of, []byte("$n"), fmt.Append(nil, i)))
				all = append(all, expand(copied))
			}
		}
		if all == nil {
			return v
		}
		return all
	}
	return value
}

// count is a positive number.
func count(value any) (int, bool) {
	n, _ := value.(json.Number)
	i, err := n.Int64()
	return int(i), err == nil
}
