// Command hello greets whoever the path names, in the language the query
// parameter lang asks for.
package main

import (
	"strings"

	postern "github.com/posternhq/postern/sdk/go"
)

var greetings = map[string]string{
	"en": "Hello",
	"de": "Hallo",
	"fr": "Bonjour",
	"ja": "こんにちは",
}

func init() { postern.Handle(greet) }

func main() {}

func greet(r postern.Request) postern.Response {
	lang := r.Query("lang")
	if lang == "" {
		lang = "en"
	}
	greeting, ok := greetings[strings.ToLower(lang)]
	if !ok {
		return postern.Error(400, "lang must be one of en, de, fr, ja")
	}
	name := r.Param("name")
	if caller := r.Caller(); caller != nil {
		postern.Log.Info("greeting %s for %s", name, caller.Name)
	}
	// One field is quickly written. For more, postern.JSON takes any value, and
	// brings encoding/json into the module.
	message := postern.Quote(greeting + ", " + name + "!")
	return postern.RawJSON(200, []byte(`{"message":`+message+`}`))
}
