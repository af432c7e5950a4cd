package main

import (
	"errors"
	"fmt"
	"slices"

	postern "github.com/posternhq/postern/sdk/go"
	"github.com/posternhq/postern/sdk/go/object"
)

// attempts is how often an order is tried while others take from the same stock.
const attempts = 3

// place stores an order and takes what it wants from stock: both, or neither.
func place(r postern.Request) postern.Response {
	var o Order
	if err := r.JSON(&o); err != nil {
		return postern.Error(400, err.Error())
	}
	// A client that brings the id may send the same order twice: it is placed once.
	o.Meta, o.Status = object.Meta{ID: o.ID}, "open"
	var err error
	for range attempts {
		var placed Order
		if placed, err = tryPlace(o); err == nil {
			return tagged(201, placed).WithHeader("location", "orders/"+placed.ID)
		}
		if !object.IsStale(err) {
			break
		}
	}
	var short *shortage
	if errors.As(err, &short) {
		return postern.Error(409, short.Error())
	}
	return failure(err)
}

// tryPlace reads the stock, decides, and writes the decision. Another request may
// write between the two, so each product is written only at the version that was
// read: else the batch fails with an error that IsStale tells.
func tryPlace(o Order) (Order, error) {
	wanted := quantities(o.Lines)
	stock, err := stockOf(wanted)
	if err != nil {
		return Order{}, err
	}
	writes, total, err := take(stock, wanted)
	if err != nil {
		return Order{}, err
	}
	o.Total = total
	results, err := object.Batch(append(writes, orders.BatchInsert(o))...)
	if err != nil {
		return Order{}, err
	}
	placed, err := orders.Records(results[len(results)-1])
	if err != nil {
		return Order{}, err
	}
	return placed[0], nil
}

// quantities adds up the lines by product.
func quantities(lines []Line) map[string]int {
	wanted := map[string]int{}
	for _, line := range lines {
		wanted[line.SKU] += max(0, line.Quantity) // the schema refuses others
	}
	return wanted
}

// stockOf reads the products that are wanted.
func stockOf(wanted map[string]int) ([]Product, error) {
	var skus []any
	for sku := range wanted {
		skus = append(skus, sku)
	}
	page, err := products.Query(object.Query{Filter: object.In("sku", skus...), Sort: []string{"sku"}})
	return page.Records, err
}

// take makes the writes that take what is wanted from stock.
func take(stock []Product, wanted map[string]int) (writes []object.Operation, total int, err error) {
	for sku, quantity := range wanted {
		i := slices.IndexFunc(stock, func(p Product) bool { return p.SKU == sku })
		if i < 0 || stock[i].Stock < quantity {
			return nil, 0, &shortage{sku}
		}
		p := stock[i]
		total += quantity * p.Price
		writes = append(writes, products.BatchPatch(p.ID, map[string]int{"stock": p.Stock - quantity}, object.IfVersion(p.Version)))
	}
	return writes, total, nil
}

// shortage tells what there is not enough of.
type shortage struct{ sku string }

func (s *shortage) Error() string { return fmt.Sprintf("there is not enough of %s", s.sku) }

// cancel deletes an order and puts back what it took.
func cancel(r postern.Request) postern.Response {
	version, err := ifMatch(r)
	if err != nil {
		return postern.Error(400, err.Error())
	}
	for range attempts {
		if err = tryCancel(r.Param("id"), version); !object.IsStale(err) || version != 0 {
			break
		}
	}
	if err != nil {
		return failure(err)
	}
	return postern.NoContent()
}

func tryCancel(id string, version int64) error {
	o, err := orders.Get(id)
	if err != nil {
		return err
	}
	if version == 0 {
		version = o.Version
	}
	took := quantities(o.Lines)
	stock, err := stockOf(took)
	if err != nil {
		return err
	}
	writes := []object.Operation{orders.BatchDelete(id, object.IfVersion(version))}
	for _, p := range stock { // a product that is gone gets nothing back
		writes = append(writes, products.BatchPatch(p.ID, map[string]int{"stock": p.Stock + took[p.SKU]}, object.IfVersion(p.Version)))
	}
	_, err = object.Batch(writes...)
	return err
}
