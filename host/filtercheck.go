package host

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// check tells whether the operator takes the values. operand is what the
// client wrote for them.
func (c *Condition) check(operand any) error {
	list, isList := operand.([]any)
	if strings.HasPrefix(c.Path[0], "__") {
		if isList && c.Operator == Equal {
			c.Values = list // no such field has a list
		}
		return c.checkSystem(isList)
	}
	switch c.Operator {
	case LessThan, LessThanOrEqual, GreaterThan, GreaterThanOrEqual:
		switch operand.(type) {
		case string, json.Number:
			return nil
		}
		return Errorf(CodeInvalid, "the value must be a number or a text")
	case Like:
		for _, value := range c.Values {
			if _, ok := value.(string); !ok {
				return Errorf(CodeInvalid, "the value must be a text or a list of texts")
			}
		}
	case SubsetOf:
		return checkSet(list)
	case EqualFold:
		for _, value := range c.Values {
			if set, ok := value.([]any); ok && checkSet(set) != nil {
				return checkSet(set)
			}
		}
	}
	return nil
}

func checkSet(set []any) error {
	if len(set) > MaxFilterSet {
		return Errorf(CodeInvalid, "at most %d values are allowed", MaxFilterSet)
	}
	return nil
}

// checkSystem checks a condition on a field that the host keeps.
func (c *Condition) checkSystem(isList bool) error {
	switch c.Operator {
	case Equal:
	case LessThan, LessThanOrEqual, GreaterThan, GreaterThanOrEqual:
		if isList {
			return Errorf(CodeInvalid, "the value must not be a list")
		}
	default:
		return Errorf(CodeInvalid, "only equality and order are compared here")
	}
	for _, value := range c.Values {
		if err := checkSystemValue(c.Path[0], value); err != nil {
			return err
		}
	}
	return nil
}

func checkSystemValue(name string, value any) error {
	switch name {
	case FieldID:
		if _, ok := value.(string); !ok {
			return Errorf(CodeInvalid, "the value must be a text")
		}
	case FieldVersion:
		number, _ := value.(json.Number)
		if _, err := strconv.ParseInt(string(number), 10, 64); err != nil {
			return Errorf(CodeInvalid, "the value must be an integer")
		}
	default:
		text, _ := value.(string)
		if _, err := time.Parse(time.RFC3339, text); err != nil {
			return Errorf(CodeInvalid, "the value must be a time such as 2026-05-16T20:14:48.939Z")
		}
	}
	return nil
}
