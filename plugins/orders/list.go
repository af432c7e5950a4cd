package main

import (
	"fmt"
	"slices"
	"strconv"

	postern "github.com/posternhq/postern/sdk/go"
	"github.com/posternhq/postern/sdk/go/object"
)

func listProducts(r postern.Request) postern.Response {
	page, err := products.Query(object.Query{Sort: []string{"sku"}, Limit: 1000})
	if err != nil {
		return failure(err)
	}
	return postern.JSON(200, map[string]any{"products": page.Records})
}

// listOrders finds orders by query parameters, page by page.
func listOrders(r postern.Request) postern.Response {
	q, err := parseQuery(r)
	if err != nil {
		return postern.Error(400, err.Error())
	}
	page, err := orders.Query(q)
	if err != nil {
		return failure(err)
	}
	return postern.JSON(200, map[string]any{"orders": page.Records, "cursor": page.Cursor})
}

// sortable are the fields that clients may sort by, each with and without "-".
var sortable = []string{"customer", "status", "total", "__created_at"}

// parseQuery makes a query of ?status=…&customer=…&sku=…&min_total=…&sort=…&limit=…&cursor=….
func parseQuery(r postern.Request) (object.Query, error) {
	q := object.Query{Limit: 20, Cursor: r.Query("cursor")}
	var filters []object.Filter
	if all := r.QueryAll("status"); len(all) > 0 {
		filters = append(filters, object.In("status", anys(all)...))
	}
	if name := r.Query("customer"); name != "" {
		filters = append(filters, object.EqFold("customer", name))
	}
	if text := r.Query("min_total"); text != "" {
		total, err := strconv.Atoi(text)
		if err != nil {
			return q, fmt.Errorf("min_total must be a number of cents")
		}
		filters = append(filters, object.Gte("total", total))
	}
	q.Filter = object.And(filters...)
	if field := r.Query("sort"); field != "" {
		if !slices.Contains(sortable, trimMinus(field)) {
			return q, fmt.Errorf("sort must be one of %v", sortable)
		}
		q.Sort = []string{field}
	}
	if text := r.Query("limit"); text != "" {
		limit, err := strconv.Atoi(text)
		if err != nil || limit < 1 || limit > 100 {
			return q, fmt.Errorf("limit must be 1 to 100")
		}
		q.Limit = limit
	}
	return q, nil
}

func trimMinus(field string) string {
	if field[0] == '-' {
		return field[1:]
	}
	return field
}

func anys(texts []string) []any {
	values := make([]any, len(texts))
	for i, text := range texts {
		values[i] = text
	}
	return values
}
