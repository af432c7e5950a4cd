package store

import (
	"fmt"
	"sync"

	"github.com/posternhq/postern/host"
)

// recordTable is what statements on the records of an object are made of.
type recordTable struct {
	revision int64 // of the definition
	name     string
	indexes  []index
	taken    []string // conditions that find the value of each index
	insert   string
	update   string
}

// recordTables remembers the tables of definitions that are in use.
type recordTables struct {
	mu   sync.Mutex
	byID map[string]*recordTable
}

// maxTables is how many tables are remembered before all are forgotten.
const maxTables = 10_000

// of returns the table of a definition that is in force.
func (t *recordTables) of(d *recordDialect, o *host.Object) (*recordTable, error) {
	t.mu.Lock()
	table := t.byID[o.ID]
	t.mu.Unlock()
	if table != nil && table.revision == o.Revision {
		return table, nil
	}
	table, err := newRecordTable(d, o)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byID == nil || len(t.byID) >= maxTables {
		t.byID = map[string]*recordTable{}
	}
	t.byID[o.ID] = table
	return table, nil
}

func newRecordTable(d *recordDialect, o *host.Object) (*recordTable, error) {
	indexes, err := indexesOf(o)
	if err != nil {
		return nil, err
	}
	t := &recordTable{revision: o.Revision, name: tableName(o.ID), indexes: indexes}
	for _, i := range indexes {
		t.taken = append(t.taken, "SELECT id FROM "+t.name+" WHERE "+fieldOf(d, i.path)+" = $1 AND id <> $2")
	}
	t.insert = fmt.Sprintf("INSERT INTO %s (id, version, created_at, updated_at, bytes, terms, data) VALUES ($1, $2, $3, $4, $5, %s, $7) ON CONFLICT DO NOTHING",
		t.name, fmt.Sprintf(d.terms, "$6"))
	t.update = fmt.Sprintf("UPDATE %s SET version = $1, updated_at = $2, bytes = $3, terms = %s, data = $5 WHERE id = $6 AND version = $7",
		t.name, fmt.Sprintf(d.terms, "$4"))
	return t, nil
}
