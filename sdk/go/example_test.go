package postern_test

import (
	"fmt"

	postern "github.com/posternhq/postern/sdk/go"
)

// A handler is tested like any other function: build a request, invoke, look
// at the response.
func Example() {
	postern.Handle(func(r postern.Request) postern.Response {
		if r.Param("name") == "" {
			return postern.Error(400, "name is required")
		}
		return postern.Text(200, "Hello, "+r.Param("name")+"!")
	})
	res, err := postern.Invoke(postern.NewRequest("GET", "/hello/Ada").WithParam("name", "Ada"))
	fmt.Println(res.Status(), string(res.Body()), err)
	// Output: 200 Hello, Ada! <nil>
}
