package admin

import (
	"context"

	"github.com/posternhq/postern/host"
)

type invocationOutput struct {
	Body struct {
		Success    bool             `json:"success"`
		Invocation *host.Invocation `json:"invocation"`
	}
}

type invocationsOutput struct {
	Body struct {
		Success     bool               `json:"success"`
		Invocations []*host.Invocation `json:"invocations"`
		Pagination  pagination         `json:"pagination"`
	}
}

func (a *API) invocationRoutes() {
	register(a, operation{id: "list-invocations", method: get, path: "/v1/apps/{app}/invocations", summary: "List invocations", tag: "invocations"}, a.listInvocations)
	register(a, operation{id: "get-invocation", method: get, path: "/v1/apps/{app}/invocations/{request}", summary: "Show an invocation with its log", tag: "invocations"}, a.getInvocation)
}

func (a *API) listInvocations(ctx context.Context, in *struct {
	AppPath
	PageQuery
	Endpoint string `query:"endpoint" doc:"Only of the endpoint with this id"`
	Failed   bool   `query:"failed" doc:"Only those that failed"`
	After    string `query:"after" doc:"Only those newer than the one with this request id"`
}) (*invocationsOutput, error) {
	app, err := a.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	filter := host.InvocationFilter{EndpointID: in.Endpoint, Failed: in.Failed, After: in.After}
	records, total, err := a.Invocations.Invocations(ctx, app.ID, filter, in.page())
	if err != nil {
		return nil, err
	}
	out := &invocationsOutput{}
	out.Body.Success, out.Body.Invocations = true, orEmpty(records)
	out.Body.Pagination = paginate(in.page(), len(records), total)
	return out, nil
}

func (a *API) getInvocation(ctx context.Context, in *struct {
	AppPath
	Request string `path:"request" doc:"Request id"`
}) (*invocationOutput, error) {
	app, err := a.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	record, err := a.Invocations.Invocation(ctx, app.ID, in.Request)
	if err != nil {
		return nil, err
	}
	out := &invocationOutput{}
	out.Body.Success, out.Body.Invocation = true, record
	return out, nil
}
