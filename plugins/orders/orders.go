// Command orders keeps products and orders in the app's objects: it lists, reads,
// changes and cancels orders, and placing one moves stock in the same transaction.
package main

import (
	"errors"
	"strconv"
	"strings"

	postern "github.com/posternhq/postern/sdk/go"
	"github.com/posternhq/postern/sdk/go/object"
)

// Product is what can be ordered.
type Product struct {
	object.Meta
	SKU   string `json:"sku"`
	Name  string `json:"name"`
	Price int    `json:"price"` // in cents
	Stock int    `json:"stock"`
}

// Order is who wants how many of what.
type Order struct {
	object.Meta
	Customer string `json:"customer"`
	Status   string `json:"status"`
	Lines    []Line `json:"lines"`
	Total    int    `json:"total"` // in cents
}

// Line is one product of an order.
type Line struct {
	SKU      string `json:"sku"`
	Quantity int    `json:"quantity"`
}

// The objects, as postern.yaml defines them.
var (
	products = object.Of[Product]("products")
	orders   = object.Of[Order]("orders")
)

func init() { postern.Handle(serve) }

func main() {}

// serve answers all endpoints of the module, told apart by method and path.
func serve(r postern.Request) postern.Response {
	path := r.Path()
	if r.Param("id") != "" {
		path = "/orders/{id}"
	}
	switch r.Method() + " " + strings.TrimSuffix(path, "/") {
	case "GET /products":
		return listProducts(r)
	case "POST /products":
		return addProduct(r)
	case "GET /orders":
		return listOrders(r)
	case "POST /orders":
		return place(r)
	case "GET /orders/{id}":
		return show(r)
	case "PATCH /orders/{id}":
		return change(r)
	case "DELETE /orders/{id}":
		return cancel(r)
	}
	return postern.Error(404, "no such page")
}

// addProduct stores a new product. The schema and the unique field sku are the
// host's to check.
func addProduct(r postern.Request) postern.Response {
	var p Product
	if err := r.JSON(&p); err != nil {
		return postern.Error(400, err.Error())
	}
	p, err := products.Insert(p)
	if err != nil {
		return failure(err)
	}
	return postern.JSON(201, p)
}

// show answers with an order. Its version is the entity tag.
func show(r postern.Request) postern.Response {
	o, err := orders.Get(r.Param("id"))
	if err != nil {
		return failure(err)
	}
	return tagged(200, o)
}

// change alters the customer or the status of an order. With the header If-Match
// it does so only if nobody else has since the client read it.
func change(r postern.Request) postern.Response {
	var patch struct {
		Customer string `json:"customer,omitempty"`
		Status   string `json:"status,omitempty"`
	}
	if err := r.JSON(&patch); err != nil {
		return postern.Error(400, err.Error())
	}
	version, err := ifMatch(r)
	if err != nil {
		return postern.Error(400, err.Error())
	}
	o, err := orders.Patch(r.Param("id"), patch, object.IfVersion(version))
	if err != nil {
		return failure(err)
	}
	return tagged(200, o)
}

func tagged(status int, o Order) postern.Response {
	return postern.JSON(status, o).WithHeader("etag", `"`+strconv.FormatInt(o.Version, 10)+`"`)
}

// ifMatch is the version in the header If-Match, 0 for any.
func ifMatch(r postern.Request) (int64, error) {
	tag := r.Header("if-match")
	if tag == "" || tag == "*" {
		return 0, nil
	}
	version, err := strconv.ParseInt(strings.Trim(tag, `"`), 10, 64)
	if err != nil || version < 1 {
		return 0, errors.New("If-Match must be the ETag of an order")
	}
	return version, nil
}

// failure answers with an error. A status from 400 on also takes back whatever
// the invocation has written.
func failure(err error) postern.Response {
	var e *object.Error
	if !errors.As(err, &e) {
		postern.Log.Error("%v", err)
		return postern.Error(500, "the order book does not answer")
	}
	switch {
	case object.IsNotFound(err):
		return postern.Error(404, "no such order")
	case object.IsStale(err):
		return postern.Error(412, "somebody else has changed it since; read it again")
	case object.IsConflict(err):
		field, _ := e.Taken()
		if field == "" {
			return postern.Error(409, "too many want the same at once; try again")
		}
		return postern.JSON(409, map[string]string{"error": "there is one already", "field": field})
	case object.IsInvalid(err):
		return postern.JSON(400, map[string]any{"error": e.Message, "details": e.Details})
	}
	postern.Log.Error("%v", err)
	return postern.Error(503, "the order book does not answer")
}
