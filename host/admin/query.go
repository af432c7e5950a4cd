package admin

import (
	"context"
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"
	"github.com/posternhq/postern/host"
	data "github.com/posternhq/postern/host/capability/object"
)

// queryBody is a query of records.
type queryBody struct{ document }

// Schema describes a query for the OpenAPI document.
func (queryBody) Schema(huma.Registry) *huma.Schema {
	fields := func(what string) *huma.Schema {
		return &huma.Schema{Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeString}, Description: what}
	}
	least, most, none, furthest := 1.0, float64(host.MaxQueryLimit), 0.0, float64(host.MaxQueryOffset)
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: false, Properties: map[string]*huma.Schema{
		"filter": {Type: huma.TypeObject, AdditionalProperties: true, Description: "Conditions by field, such as {\"status\":\"open\",\"total\":{\"greaterThan\":10}}, and AND, OR and NOT; none admits every record"},
		"sort":   fields("Fields to order by; a - before one turns it around. Records that are equal are in the order of their ids"),
		"fields": fields("Fields to return beside __id; all unless given"),
		"limit":  {Type: huma.TypeInteger, Description: "Records to return: 100 unless given", Minimum: &least, Maximum: &most},
		"offset": {Type: huma.TypeInteger, Description: "Records to skip", Minimum: &none, Maximum: &furthest},
		"cursor": {Type: huma.TypeString, Description: "Goes on after the last record of the answer that it was part of; the rest of the query must be the same but for limit"},
		"count":  {Type: huma.TypeBoolean, Description: "Whether to count all records that match: true unless given"},
	}}
}

// parse reads the query; it counts unless it says that it does not want to.
func (b *queryBody) parse() (*host.Query, error) {
	q, err := host.ParseQuery(b.raw)
	if err != nil {
		return nil, err
	}
	var said struct {
		Object json.RawMessage `json:"object"`
		Count  *bool           `json:"count"`
	}
	if err := json.Unmarshal(b.raw, &said); err != nil {
		return nil, err
	}
	if said.Object != nil {
		return nil, host.Errorf(host.CodeInvalid, "object is in the path, so it must be left out")
	}
	q.Count = said.Count == nil || *said.Count
	return q, nil
}

type queryOutput struct {
	Body struct {
		Success    bool            `json:"success"`
		Records    []recordView    `json:"records"`
		Cursor     string          `json:"cursor,omitempty" doc:"Continues after the last record; absent at the end"`
		Pagination queryPagination `json:"pagination"`
	}
}

// queryPagination is pagination whose total may not have been asked for.
type queryPagination struct {
	Limit   int  `json:"limit"`
	Offset  int  `json:"offset"`
	Total   *int `json:"total,omitempty" doc:"Records that match in all; absent if the query did not ask"`
	HasMore bool `json:"has_more"`
}

func (a *API) queryRecords(ctx context.Context, in *struct {
	ObjectPath
	Body queryBody
}) (*queryOutput, error) {
	d, err := a.definition(ctx, in.ObjectPath)
	if err != nil {
		return nil, err
	}
	q, err := in.Body.parse()
	if err != nil {
		return nil, err
	}
	found, err := data.Find(ctx, a.Store, d.Object, q)
	if err != nil {
		return nil, err
	}
	out := &queryOutput{}
	out.Body.Success, out.Body.Records, out.Body.Cursor = true, []recordView{}, found.Cursor
	for _, r := range found.Records {
		out.Body.Records = append(out.Body.Records, recordView{r, q.Fields})
	}
	out.Body.Pagination = queryPagination{Limit: q.Limit, Offset: q.Offset, HasMore: found.Cursor != ""}
	if found.Count >= 0 {
		out.Body.Pagination.Total = &found.Count
	}
	return out, nil
}
