package store

import (
	"context"

	"github.com/posternhq/postern/host"
)

type organizationRow struct {
	ID                string `db:"id"`
	Name              string `db:"name"`
	APIKeyEnabled     bool   `db:"api_key_enabled"`
	KeyHash           []byte `db:"key_hash"`
	MasterFingerprint string `db:"master_fingerprint"`
	CreatedAt         int64  `db:"created_at"`
	UpdatedAt         int64  `db:"updated_at"`
}

var (
	insertOrganization = insertInto[organizationRow]("organization") + " ON CONFLICT DO NOTHING"
	updateOrganization = update[organizationRow]("organization")
	selectOrganization = "SELECT " + columns[organizationRow]("") + " FROM organization"
)

func organizationRowOf(o *host.Organization) organizationRow {
	return organizationRow{
		ID: o.ID, Name: o.Name, APIKeyEnabled: o.APIKeyEnabled, KeyHash: o.KeyHash[:],
		MasterFingerprint: o.MasterFingerprint, CreatedAt: o.CreatedAt.Millis(), UpdatedAt: o.UpdatedAt.Millis(),
	}
}

func (r *organizationRow) organization() *host.Organization {
	o := &host.Organization{
		ID: r.ID, Name: r.Name, APIKeyEnabled: r.APIKeyEnabled, MasterFingerprint: r.MasterFingerprint,
		CreatedAt: host.FromMillis(r.CreatedAt), UpdatedAt: host.FromMillis(r.UpdatedAt),
	}
	copy(o.KeyHash[:], r.KeyHash)
	return o
}

// Organization implements host.OrganizationStore.
func (db *DB) Organization(ctx context.Context) (org *host.Organization, err error) {
	defer host.Wrap(&err, "store.Organization")
	return read(ctx, db.main, func(s *session) (*host.Organization, error) {
		return oneOrganization(s, selectOrganization)
	})
}

func oneOrganization(s *session, query string) (*host.Organization, error) {
	row, err := one[organizationRow](s, "Organization", query)
	if err != nil {
		return nil, err
	}
	return row.organization(), nil
}

// CreateOrganization implements host.OrganizationStore.
func (db *DB) CreateOrganization(ctx context.Context, org *host.Organization) (created bool, err error) {
	defer host.Wrap(&err, "store.CreateOrganization(%q)", org.Name)
	err = db.main.write(ctx, func(s *session) error {
		inserted, err := s.save(insertOrganization, organizationRowOf(org))
		created = inserted > 0
		if err != nil || !created {
			return err
		}
		return db.change(s, host.ChangedOrganization, org.ID, nil, org)
	})
	return created && err == nil, err
}

// UpdateOrganization implements host.OrganizationStore.
func (db *DB) UpdateOrganization(ctx context.Context, change func(*host.Organization) error) (org *host.Organization, err error) {
	defer host.Wrap(&err, "store.UpdateOrganization")
	err = db.main.write(ctx, func(s *session) error {
		org, err = oneOrganization(s, selectOrganization+s.dialect.rowLock)
		if err != nil {
			return err
		}
		old := *org
		if err := change(org); err != nil {
			return err
		}
		org.ID, org.CreatedAt, org.UpdatedAt = old.ID, old.CreatedAt, host.Now()
		if err := db.change(s, host.ChangedOrganization, org.ID, &old, org); err != nil {
			return err
		}
		_, err = s.save(updateOrganization, organizationRowOf(org))
		return err
	})
	if err != nil {
		return nil, err
	}
	return org, nil
}
