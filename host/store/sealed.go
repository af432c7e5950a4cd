package store

import (
	"errors"

	"github.com/posternhq/postern/host"
)

// sealed is a column whose values are encrypted. Every one is a variable below:
// there is no other way to seal a value for the database, and a new master key
// has to know all of them.
type sealed struct{ table, column string }

var sealedColumns []sealed

// sealedColumn adds a column of a table with a column id to sealedColumns.
func sealedColumn(table, column string) sealed {
	s := sealed{table, column}
	sealedColumns = append(sealedColumns, s)
	return s
}

var (
	sealedEngagement = sealedColumn("app", "engagement_credentials")
	sealedAPIKey     = sealedColumn("app", "api_key")
	sealedAPISecret  = sealedColumn("app", "api_secret")
	sealedEmail      = sealedColumn("app", "email_credentials")
	sealedPrivate    = sealedColumn("signing_key", "private_key")
	sealedSecret     = sealedColumn("secret", "value")
	sealedSecure     = sealedColumn("secure_value", "value")
)

// place is what a value of the row with the id is sealed for.
func (s sealed) place(id string) string { return s.table + "." + s.column + ":" + id }

// sealing seals or unseals the values of one row and keeps the first error.
type sealing struct {
	sealer host.Sealer
	id     string
	err    error
}

func (c *sealing) seal(column sealed, plain []byte) []byte {
	return c.run(plain, func(s host.Sealer) ([]byte, error) { return s.Seal(plain, column.place(c.id)) })
}

func (c *sealing) unseal(column sealed, sealed []byte) []byte {
	return c.run(sealed, func(s host.Sealer) ([]byte, error) { return s.Unseal(sealed, column.place(c.id)) })
}

// run leaves nil, an absent value, as it is.
func (c *sealing) run(in []byte, do func(host.Sealer) ([]byte, error)) []byte {
	if in == nil || c.err != nil {
		return nil
	}
	if c.sealer == nil {
		c.err = errors.New("secrets cannot be read or written without a sealer")
		return nil
	}
	out, err := do(c.sealer)
	c.err = err
	return out
}
