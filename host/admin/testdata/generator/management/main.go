// Command management uses the client that a generator made of the management
// API's OpenAPI document, from an app's creation to its end: management URL KEY
// MODULE.wasm. It fails with what was not as the document says.
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
	url, key, module := os.Args[1], os.Args[2], os.Args[3]
	admin, err := api.NewClientWithResponses(url, api.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("X-API-Key", key)
		return nil
	}))
	check(err)
	ctx := context.Background()

	created, err := admin.CreateAppWithResponse(ctx, api.AppBody{Name: of("Generated")})
	check(err)
	is("an app", created.JSON201 != nil && created.JSON201.App.Slug == "generated", created.Body)
	wasm, err := os.Open(module)
	check(err)
	uploaded, err := admin.UploadModuleWithBodyWithResponse(ctx, "generated", &api.UploadModuleParams{Name: of("echo")}, "application/wasm", wasm)
	check(err)
	is("a module", uploaded.JSON201 != nil && uploaded.JSON201.Module.Version == 1, uploaded.Body)
	endpoint, err := admin.CreateEndpointWithResponse(ctx, "generated", api.EndpointBody{
		Name: of("Echo"), Method: of("POST"), Path: of("/echo"), Module: of("echo"), Input: of("body"),
	})
	check(err)
	is("an endpoint", endpoint.JSON201 != nil && endpoint.JSON201.Release.Number == 1, endpoint.Body)
	caller, err := admin.CreateKeyWithResponse(ctx, api.KeyBody{Name: of("Caller")})
	check(err)
	is("a key", caller.JSON201 != nil && caller.JSON201.Key.Key != nil, caller.Body)
	call(url+"/run/generated/echo", *caller.JSON201.Key.Key)

	wrong, err := admin.CreateAppWithResponse(ctx, api.AppBody{})
	check(err)
	is("an app without a name", wrong.JSON400 != nil && wrong.JSON400.Error == "App name is required and must be 1-100 characters", wrong.Body)
	apps, err := admin.ListAppsWithResponse(ctx, &api.ListAppsParams{})
	check(err)
	is("the list", apps.JSON200 != nil && apps.JSON200.Pagination.Total == 1, apps.Body)
	deleted, err := admin.DeleteAppWithResponse(ctx, "generated", nil)
	check(err)
	is("the end", deleted.JSON200 != nil && deleted.JSON200.Success, deleted.Body)
}

// call makes a request to the app's endpoint.
func call(url, key string) {
	r, err := http.NewRequest(http.MethodPost, url, nil)
	check(err)
	r.Header.Set("X-API-Key", key)
	answer, err := http.DefaultClient.Do(r)
	check(err)
	check(answer.Body.Close())
	is("a call", answer.StatusCode == http.StatusOK, []byte(answer.Status))
}

func of[T any](value T) *T { return &value }

func is(what string, ok bool, answer []byte) {
	if !ok {
		log.Fatalf("%s: %s", what, answer)
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
