// Command greet-form shows a form, checks what it is sent, and after a good
// one sends the browser on to a page of thanks.
package main

import (
	"html"
	"net/url"
	"strings"
	"unicode/utf8"

	postern "github.com/posternhq/postern/sdk/go"
)

const maxName = 40

func init() { postern.Handle(serve) }

func main() {}

// serve answers all three endpoints of the module: the form itself, where it
// is posted to, and the page of thanks.
func serve(r postern.Request) postern.Response {
	switch {
	case r.Method() == "POST":
		return greet(r)
	case strings.HasSuffix(r.Path(), "/thanks"):
		return thanks(r)
	}
	return postern.HTML(200, page(`<form method="post">
<label>Name <input name="name" required></label>
<label>E-mail <input name="email" type="email" required></label>
<button>Greet me</button>
</form>`))
}

// greet checks the form. A good one is a 303, so that reloading the next page
// does not send it again.
func greet(r postern.Request) postern.Response {
	name, email := strings.TrimSpace(r.Form("name")), strings.TrimSpace(r.Form("email"))
	if faults := validate(name, email); len(faults) > 0 {
		return postern.JSON(400, map[string]any{"error": "The form has mistakes", "fields": faults})
	}
	postern.Log.Info("greeting a visitor")
	// A relative reference stays inside the app, wherever it is mounted.
	return postern.SeeOther("greet/thanks?name=" + url.QueryEscape(name))
}

// validate returns a message for each field that is wrong.
func validate(name, email string) map[string]string {
	faults := map[string]string{}
	switch {
	case name == "":
		faults["name"] = "name is required"
	case utf8.RuneCountInString(name) > maxName:
		faults["name"] = "name must be at most 40 characters"
	}
	if user, domain, ok := strings.Cut(email, "@"); !ok || user == "" || domain == "" {
		faults["email"] = "email must be an e-mail address"
	}
	return faults
}

func thanks(r postern.Request) postern.Response {
	return postern.HTML(200, page("<p>Hello, "+html.EscapeString(r.Query("name"))+"!</p>"))
}

func page(body string) string {
	return "<!doctype html>\n<meta charset=\"utf-8\">\n<title>Greetings</title>\n" + body + "\n"
}
