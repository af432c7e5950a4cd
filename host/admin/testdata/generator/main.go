// Command generated uses the client that a generator made of an app's OpenAPI
// document: generated URL KEY. It fails with what was not as the document says.
package main

import (
	"context"
	"log"
	"net/http"
	"os"

	"example.com/generated/api"
)

func main() {
	log.SetFlags(0)
	withKey := api.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("X-API-Key", os.Args[2])
		return nil
	})
	caller, err := api.NewClientWithResponses(os.Args[1], withKey)
	check(err)
	stranger, err := api.NewClientWithResponses(os.Args[1])
	check(err)
	ctx := context.Background()

	placed, err := caller.PlaceAnOrderWithResponse(ctx, "7", api.PlaceAnOrderBody{Item: "tea", Quantity: 2})
	check(err)
	if placed.JSON200 == nil || placed.JSON200.Item != "tea" || placed.JSON200.Quantity != 2 {
		log.Fatalf("an order: %s %s", placed.Status(), placed.Body)
	}
	wrong, err := caller.PlaceAnOrderWithResponse(ctx, "7", api.PlaceAnOrderBody{Item: "tea"})
	check(err)
	if wrong.JSON400 == nil || wrong.JSON400.Code != "invalid_request" || wrong.JSON400.RequestId == "" {
		log.Fatalf("an order that does not meet the schema: %s %s", wrong.Status(), wrong.Body)
	}
	refused, err := stranger.PlaceAnOrderWithResponse(ctx, "7", api.PlaceAnOrderBody{Item: "tea", Quantity: 2})
	check(err)
	if refused.JSON401 == nil || refused.JSON401.Code != "unauthorized" {
		log.Fatalf("an order without a key: %s %s", refused.Status(), refused.Body)
	}
	shown, err := stranger.ShowAnOrderWithResponse(ctx, "7")
	check(err)
	if shown.StatusCode() != 200 {
		log.Fatalf("a public endpoint: %s %s", shown.Status(), shown.Body)
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
