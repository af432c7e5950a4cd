// Command signup takes people's names and mail addresses: it checks the form,
// asks an outside service about the address, stores the person, and confirms the
// address by a signed link.
package main

import (
	_ "embed"
	"errors"
	"net/url"
	"strings"
	"time"

	postern "github.com/posternhq/postern/sdk/go"
	"github.com/posternhq/postern/sdk/go/fetch"
	"github.com/posternhq/postern/sdk/go/jwt"
	"github.com/posternhq/postern/sdk/go/object"
	"github.com/posternhq/postern/sdk/go/schema"
)

// Person is who signed up.
type Person struct {
	object.Meta
	Email     string `json:"email"`
	Name      string `json:"name"`
	Confirmed bool   `json:"confirmed"`
}

//go:embed form.schema.json
var form []byte

var (
	people = object.Of[Person]("people")
	// links are signed with a secret that this module never sees.
	links = jwt.Key{Algorithm: jwt.HS256, Secret: "LINK_KEY", Audience: "confirm"}
)

// validity is for how long a link can be used.
const validity = 24 * time.Hour

// claims are what a link says.
type claims struct {
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	Expires  int64  `json:"exp"`
}

func init() { postern.Handle(serve) }

func main() {}

func serve(r postern.Request) postern.Response {
	if r.Method() == "POST" {
		return signUp(r)
	}
	return confirm(r)
}

// signUp does what reaches outside first and writes last: once the person is
// written, a transaction is open, and nobody should wait for another service then.
func signUp(r postern.Request) postern.Response {
	p := readForm(r)
	checkAddress(p.Email)
	token, err := links.Sign(claims{p.Email, links.Audience, time.Now().Add(validity).Unix()})
	must(err)
	_, err = people.Insert(p)
	if object.IsConflict(err) {
		postern.Fail(409, "this address is signed up already", nil)
	}
	must(err)
	// In place of a mail, which is what would carry the link.
	return postern.JSON(202, map[string]string{"confirm": "confirm?token=" + token})
}

// readForm ends the handler unless the body meets the schema.
func readForm(r postern.Request) Person {
	var sent any
	if err := r.JSON(&sent); err != nil {
		postern.Fail(400, "send the form as JSON", nil)
	}
	mistakes, err := schema.Validate(form, sent)
	must(err)
	if len(mistakes) > 0 {
		postern.Fail(400, "the form has mistakes", mistakes)
	}
	var p Person
	must(r.JSON(&p))
	p.Email = strings.ToLower(p.Email)
	return p
}

// checkAddress ends the handler if the service thinks little of an address, or
// nothing can be learnt about it.
func checkAddress(email string) {
	reputation, err := fetch.DoJSON[struct {
		Disposable bool `json:"disposable"`
	}](fetch.Request{
		URL:     postern.Config("REPUTATION_URL") + "/check?email=" + url.QueryEscape(email),
		Timeout: 2 * time.Second,
	})
	if err != nil {
		postern.Log.Error("the reputation service: %v", err)
		postern.Fail(503, "the address cannot be checked at the moment", nil)
	}
	if reputation.Disposable {
		postern.Fail(422, "use an address that you will keep", nil)
	}
}

// confirm marks the person of a link as confirmed. Whoever follows it again gets
// the same answer.
func confirm(r postern.Request) postern.Response {
	var link claims
	err := links.Verify(r.Query("token"), &link)
	if jwt.IsInvalid(err) {
		postern.Log.Info("a link was refused: %v", err)
		postern.Fail(403, "this link is not valid, or no longer", nil)
	}
	must(err)
	found, err := people.Query(object.Query{Filter: object.Eq("email", link.Subject), Limit: 1})
	must(err)
	if len(found.Records) == 0 {
		postern.Fail(404, "this person is not signed up any more", nil)
	}
	p := found.Records[0]
	if !p.Confirmed {
		p, err = people.Patch(p.ID, map[string]bool{"confirmed": true})
		must(err)
	}
	return postern.JSON(200, map[string]any{"email": p.Email, "confirmed": p.Confirmed})
}

// must ends the handler if the host failed at something, for which the client can
// do nothing. The log has the reason.
func must(err error) {
	if err == nil {
		return
	}
	postern.Log.Error("%v", err)
	var e *object.Error
	if errors.As(err, &e) && (e.Code == object.Conflict || e.Code == object.Unavailable) {
		postern.Fail(503, "try again later", nil)
	}
	postern.Fail(500, "this is not set up", nil)
}
