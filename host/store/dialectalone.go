package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/posternhq/postern/host"
)

// alone is the part of dialect for whoever must have a database to himself.
type alone struct {
	// there refuses a database that does not exist and would be made by opening
	// it. Errors: CodeNotFound.
	there func(Config) error
	// settings are added to the name of the data source of the one connection
	// there is. If they keep others out while it is open, its first statement
	// fails when somebody else uses the database already.
	settings string
	// others counts the connections of others; "" if settings keep them out.
	others string
	// lock keeps others from writing to some tables until the transaction ends;
	// "" if settings keep them out.
	lock string
	// erase overwrites what rows held before; "" if only the administrator can.
	erase string
}

var sqliteAlone = alone{
	there: func(c Config) error {
		if _, err := os.Stat(filepath.Join(c.Dir, MainFile)); errors.Is(err, fs.ErrNotExist) {
			return host.Errorf(host.CodeNotFound, "there is no %s in %s", MainFile, c.Dir)
		}
		return nil
	},
	settings: "&_pragma=busy_timeout(1000)&_pragma=locking_mode(EXCLUSIVE)&_pragma=secure_delete(1)",
	erase:    "VACUUM",
}

var postgresAlone = alone{
	there:  func(Config) error { return nil },
	others: "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()",
	lock:   "LOCK TABLE %s IN EXCLUSIVE MODE",
}
