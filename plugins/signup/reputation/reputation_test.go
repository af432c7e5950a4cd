package main

import (
	"testing"

	postern "github.com/posternhq/postern/sdk/go"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	for email, want := range map[string]string{
		"ada@example.com": `{"disposable":false}`, "x@mailinator.example": `{"disposable":true}`, "": `{"disposable":false}`,
	} {
		res, err := postern.Invoke(postern.NewRequest("GET", "/check?email="+email))
		if err != nil || string(res.Body()) != want {
			t.Errorf("%s: got %s, %v", email, res.Body(), err)
		}
	}
}
