package schema

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// params are the parameters of a rule.
type params = map[string]any

func rule(message string, p params) []Finding { return []Finding{{Message: message, Params: p}} }

// describe tells what a rule demands, in the words of Ajv. Some rules make more
// than one finding: each property that is missing is one.
func describe(k jsonschema.ErrorKind) []Finding {
	switch k := k.(type) {
	case *kind.Type:
		want := strings.Join(k.Want, ",")
		return rule("should be "+want, params{"type": want})
	case *kind.Enum:
		return rule("should be equal to one of the allowed values", params{"allowedValues": k.Want})
	case *kind.Const:
		return rule("should be equal to constant", params{"allowedValue": k.Want})
	case *kind.Format:
		return rule(fmt.Sprintf("should match format %q", k.Want), params{"format": k.Want})
	case *kind.Required:
		return each(k.Missing, "should have required property '%s'", "missingProperty")
	case *kind.AdditionalProperties:
		return each(k.Properties, "should NOT have additional properties", "additionalProperty")
	case *kind.Dependency:
		return dependent(k.Prop, k.Missing)
	case *kind.DependentRequired:
		return dependent(k.Prop, k.Missing)
	case *kind.PropertyNames:
		return rule(fmt.Sprintf("property name '%s' is invalid", k.Property), params{"propertyName": k.Property})
	case *kind.UniqueItems:
		i, j := k.Duplicates[0], k.Duplicates[1]
		return rule(fmt.Sprintf("should NOT have duplicate items (items ## %d and %d are identical)", j, i), params{"i": i, "j": j})
	case *kind.Contains:
		return rule("should contain a valid item", params{})
	case *kind.AnyOf:
		return rule("should match some schema in anyOf", params{})
	case *kind.OneOf:
		return rule("should match exactly one schema in oneOf", params{"passingSchemas": k.Subschemas})
	case *kind.Not:
		return rule("should NOT be valid", params{})
	case *kind.RefCycle:
		return []Finding{{Keyword: "$ref", Message: "the rule refers to itself without end", Params: params{}}}
	case *kind.FalseSchema:
		return []Finding{{Keyword: "false schema", Message: "boolean schema is false", Params: params{}}}
	}
	return describeBound(k)
}

// each makes a finding for each name.
func each(names []string, message, param string) []Finding {
	var out []Finding
	for _, name := range names {
		text := message
		if strings.Contains(message, "%s") {
			text = fmt.Sprintf(message, name)
		}
		out = append(out, Finding{Message: text, Params: params{param: name}})
	}
	return out
}

// dependent makes one finding for the properties that another one demands.
func dependent(property string, missing []string) []Finding {
	demanded := strings.Join(missing, ", ")
	return rule(fmt.Sprintf("should have properties %s when property %s is present", demanded, property),
		params{"property": property, "missingProperty": demanded})
}

// describeBound is describe for the rules about how much and how many.
func describeBound(k jsonschema.ErrorKind) []Finding {
	switch k := k.(type) {
	case *kind.Minimum:
		return compare(">=", k.Want, false)
	case *kind.ExclusiveMinimum:
		return compare(">", k.Want, true)
	case *kind.Maximum:
		return compare("<=", k.Want, false)
	case *kind.ExclusiveMaximum:
		return compare("<", k.Want, true)
	case *kind.MultipleOf:
		return rule("should be multiple of "+number(k.Want).String(), params{"multipleOf": number(k.Want)})
	case *kind.Pattern:
		return rule(fmt.Sprintf("should match pattern %q", k.Want), params{"pattern": k.Want})
	case *kind.MinLength:
		return limited("should NOT be shorter than %d characters", k.Want)
	case *kind.MaxLength:
		return limited("should NOT be longer than %d characters", k.Want)
	case *kind.MinItems:
		return limited("should NOT have fewer than %d items", k.Want)
	case *kind.MaxItems:
		return limited("should NOT have more than %d items", k.Want)
	case *kind.MinProperties:
		return limited("should NOT have fewer than %d properties", k.Want)
	case *kind.MaxProperties:
		return limited("should NOT have more than %d properties", k.Want)
	}
	return rule("should meet "+strings.Join(k.KeywordPath(), "/"), params{})
}

func compare(sign string, limit *big.Rat, exclusive bool) []Finding {
	return rule("should be "+sign+" "+number(limit).String(), params{"comparison": sign, "limit": number(limit), "exclusive": exclusive})
}

func limited(message string, limit int) []Finding {
	return rule(fmt.Sprintf(message, limit), params{"limit": limit})
}

// number writes a rational of a schema, which was a decimal there.
func number(r *big.Rat) json.Number {
	if r.IsInt() {
		return json.Number(r.Num().String())
	}
	digits, _ := r.FloatPrec()
	return json.Number(r.FloatString(digits))
}
