package store

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/posternhq/postern/host"
)

// tablePrefix begins the names of the tables of records.
const tablePrefix = "record_"

// tableName is the table of an object's records. An id that is not of the shape
// of ours gives a name that no table has.
func tableName(objectID string) string {
	if !host.IsID(objectID) {
		return tablePrefix + "none"
	}
	return tablePrefix + strings.ReplaceAll(objectID, "-", "")
}

// index is one that the fields of a definition ask for.
type index struct {
	name   string
	field  string // as clients write it
	path   host.Path
	unique bool
}

// indexesOf are the indexes of a definition. Their names tell what they are of.
func indexesOf(o *host.Object) ([]index, error) {
	var indexes []index
	for _, kind := range []struct {
		letter string
		fields []string
	}{{"u", o.UniqueFields}, {"i", o.IndexedFields}} {
		for _, field := range kind.fields {
			path, err := host.ParsePath(field)
			if err != nil {
				return nil, err
			}
			sum := sha256.Sum256([]byte(path.String()))
			name := tableName(o.ID) + "_" + kind.letter + "_" + hex.EncodeToString(sum[:8])
			indexes = append(indexes, index{name, field, path, kind.letter == "u"})
		}
	}
	return indexes, nil
}

// isFieldIndex tells those names from the names of the other indexes.
func isFieldIndex(name string) bool {
	rest := name[min(len(name), len(tablePrefix)+32):]
	return strings.HasPrefix(rest, "_u_") || strings.HasPrefix(rest, "_i_")
}

// createTable makes the table of a new object. What is read by a filter stands
// before the document, which may be long.
func createTable(s *session, o *host.Object) error {
	table := tableName(o.ID)
	records := &s.dialect.records
	statements := []string{
		fmt.Sprintf(`CREATE TABLE %s (id TEXT%s NOT NULL PRIMARY KEY, version BIGINT NOT NULL, created_at BIGINT NOT NULL,
			updated_at BIGINT NOT NULL, bytes BIGINT NOT NULL, terms JSONB NOT NULL, data TEXT NOT NULL)`, table, records.collate),
		fmt.Sprintf("CREATE INDEX %s_created ON %s (created_at, id)", table, table),
		fmt.Sprintf("CREATE INDEX %s_updated ON %s (updated_at, id)", table, table),
	}
	indexes, err := indexesOf(o)
	if err != nil {
		return err
	}
	for _, i := range indexes {
		statements = append(statements, i.create(records, table, ""))
	}
	for _, statement := range statements {
		if _, err := s.exec(statement); err != nil {
			return err
		}
	}
	return nil
}

func dropTable(s *session, table string) error {
	_, err := s.exec("DROP TABLE IF EXISTS " + table)
	return err
}

// create is the statement that builds an index. One that is not unique has the
// id, too, so that it gives records in the order of a sort.
func (i *index) create(d *recordDialect, table, how string) string {
	field := fieldOf(d, i.path) + d.indexNulls
	if i.unique {
		return fmt.Sprintf("CREATE UNIQUE INDEX %s %s ON %s (%s)", how, i.name, table, field)
	}
	return fmt.Sprintf("CREATE INDEX %s %s ON %s (%s, id)", how, i.name, table, field)
}

// failed names what a new index does not admit. Other errors pass.
func (i *index) failed(s *session, err error) error {
	if i.unique {
		return s.taken(err, fmt.Sprintf("unique_fields: several records have the same value of %s", i.field))
	}
	return err
}

// indexRow is an index that a table of records has.
type indexRow struct {
	Table string `db:"table_name"`
	Name  string `db:"name"`
	Valid bool   `db:"valid"`
}

// indexRows lists the indexes of an object's table that fields asked for.
func indexRows(s *session, objectID string) ([]indexRow, error) {
	rows, err := list[indexRow](s, "SELECT * FROM ("+s.dialect.records.indexes+") t WHERE table_name = $1", tableName(objectID))
	return slices.DeleteFunc(rows, func(row indexRow) bool { return !isFieldIndex(row.Name) }), err
}

// missing are the indexes that a definition asks for and its table lacks, or
// has in a state that does not count.
func missing(s *session, o *host.Object) ([]index, error) {
	wanted, err := indexesOf(o)
	if err != nil {
		return nil, err
	}
	rows, err := indexRows(s, o.ID)
	return slices.DeleteFunc(wanted, func(i index) bool {
		return slices.ContainsFunc(rows, func(row indexRow) bool { return row.Name == i.name && row.Valid })
	}), err
}

// alignIndexes gives a table the indexes of its definition, within the
// transaction that changes it, and takes those away that only the old one asked
// for. A database with many writers has built what takes long already; see
// indexBuilder.
func alignIndexes(s *session, old, o *host.Object) error {
	wanted, err := indexesOf(o)
	if err != nil {
		return err
	}
	surplus, err := indexesOf(old)
	if err != nil {
		return err
	}
	for _, i := range surplus {
		if slices.ContainsFunc(wanted, func(w index) bool { return w.name == i.name }) {
			continue
		}
		if _, err := s.exec("DROP INDEX IF EXISTS " + i.name); err != nil {
			return err
		}
	}
	lacks, err := missing(s, o)
	if err != nil {
		return err
	}
	for _, i := range lacks {
		if s.dialect.records.concurrent != "" {
			return host.Errorf(host.CodeConflict, "the object was changed by somebody else at the same time; try again")
		}
		if err := i.build(s, tableName(o.ID), ""); err != nil {
			return err
		}
	}
	return nil
}

// maxIndexed is how many bytes the term of an indexed value may have:
// PostgreSQL admits a few more in an index.
const maxIndexed = 2500

// build makes an index of the records that are there.
func (i *index) build(s *session, table, how string) error {
	field := fieldOf(&s.dialect.records, i.path)
	long, err := list[string](s, fmt.Sprintf("SELECT id FROM %s WHERE octet_length(%s) > %d LIMIT 1", table, field, maxIndexed))
	if err == nil && len(long) > 0 {
		err = host.Errorf(host.CodeConflict, "the value of %s in the record %s is too long for an index", i.field, long[0])
	}
	if err == nil && i.unique {
		var objects []string // whose JSON comes behind all terms
		objects, err = list[string](s, fmt.Sprintf("SELECT id FROM %s WHERE %s >= '{' LIMIT 1", table, field))
		if len(objects) > 0 {
			err = host.Errorf(host.CodeConflict, "the value of %s in the record %s is an object, which no unique field may have", i.field, objects[0])
		}
	}
	if err != nil {
		return err
	}
	_, err = s.exec(i.create(&s.dialect.records, table, how))
	return i.failed(s, err)
}
