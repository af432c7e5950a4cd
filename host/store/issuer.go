package store

import (
	"context"

	"github.com/posternhq/postern/host"
)

type issuerRow struct {
	ID             string                      `db:"id"`
	AppID          string                      `db:"app_id"`
	Name           string                      `db:"name"`
	Issuer         string                      `db:"issuer"`
	Audience       document[[]string]          `db:"audience"`
	Algorithms     document[[]string]          `db:"algorithms"`
	PublicKey      *string                     `db:"public_key"`
	JWKSURL        *string                     `db:"jwks_url"`
	RequiredClaims document[host.Claims]       `db:"required_claims"`
	ClaimVariables document[map[string]string] `db:"claim_variables"`
	RateLimit      document[*host.RateLimit]   `db:"rate_limit"`
	Enabled        bool                        `db:"enabled"`
	CreatedAt      int64                       `db:"created_at"`
	UpdatedAt      int64                       `db:"updated_at"`
	Revision       int64                       `db:"revision"`
}

var (
	insertIssuer  = insertInto[issuerRow]("issuer")
	updateIssuer  = update[issuerRow]("issuer")
	issuerColumns = columns[issuerRow]("")
)

func issuerRowOf(i *host.Issuer) issuerRow {
	return issuerRow{
		ID: i.ID, AppID: i.AppID, Name: i.Name, Issuer: i.Issuer,
		Audience: document[[]string]{i.Audience}, Algorithms: document[[]string]{i.Algorithms},
		PublicKey: i.PublicKey, JWKSURL: i.JWKSURL,
		RequiredClaims: document[host.Claims]{i.RequiredClaims}, ClaimVariables: document[map[string]string]{i.ClaimVariables},
		RateLimit: document[*host.RateLimit]{i.RateLimit}, Enabled: i.Enabled,
		CreatedAt: i.CreatedAt.Millis(), UpdatedAt: i.UpdatedAt.Millis(), Revision: i.Revision,
	}
}

func (r *issuerRow) issuer() *host.Issuer {
	return &host.Issuer{
		ID: r.ID, AppID: r.AppID, Name: r.Name, Issuer: r.Issuer,
		Audience: filled(r.Audience.V), Algorithms: filled(r.Algorithms.V), PublicKey: r.PublicKey, JWKSURL: r.JWKSURL,
		RequiredClaims: filledMap(r.RequiredClaims.V), ClaimVariables: filledMap(r.ClaimVariables.V),
		RateLimit: r.RateLimit.V, Enabled: r.Enabled,
		CreatedAt: host.FromMillis(r.CreatedAt), UpdatedAt: host.FromMillis(r.UpdatedAt), Revision: r.Revision,
	}
}

const issuerTaken = "issuer is already taken in this app"

// CreateIssuer implements host.IssuerStore. It gives issuer its Revision.
func (db *DB) CreateIssuer(ctx context.Context, issuer *host.Issuer) (err error) {
	defer host.Wrap(&err, "store.CreateIssuer(%q)", issuer.ID)
	issuer.Revision = 1
	return db.main.write(ctx, func(s *session) error {
		if err := lockApp(s, issuer.AppID); err != nil {
			return err
		}
		if err := db.change(s, host.ChangedIssuers, issuer.AppID, nil, issuer); err != nil {
			return err
		}
		if err := addCredential(s, issuer.ID, &issuer.AppID); err != nil {
			return s.taken(err, "issuer: this issuer exists already")
		}
		_, err := s.save(insertIssuer, issuerRowOf(issuer))
		return s.taken(err, issuerTaken)
	})
}

// Issuer implements host.IssuerStore.
func (db *DB) Issuer(ctx context.Context, appID, id string) (issuer *host.Issuer, err error) {
	defer host.Wrap(&err, "store.Issuer(%q, %q)", appID, id)
	return read(ctx, db.main, func(s *session) (*host.Issuer, error) { return oneIssuer(s, appID, id, "") })
}

func oneIssuer(s *session, appID, id, lock string) (*host.Issuer, error) {
	row, err := one[issuerRow](s, "Issuer", "SELECT "+issuerColumns+" FROM issuer WHERE app_id = $1 AND id = $2"+lock, appID, id)
	if err != nil {
		return nil, err
	}
	return row.issuer(), nil
}

// Issuers implements host.IssuerStore.
func (db *DB) Issuers(ctx context.Context, appID string, page host.Page) (issuers []*host.Issuer, total int, err error) {
	defer host.Wrap(&err, "store.Issuers(%q)", appID)
	issuers = []*host.Issuer{}
	total, err = read(ctx, db.main, func(s *session) (int, error) {
		rows, total, err := paged[issuerRow](s, issuerColumns, "issuer WHERE app_id = $1", "id", page, appID)
		for i := range rows {
			issuers = append(issuers, rows[i].issuer())
		}
		return total, err
	})
	return issuers, total, err
}

// EachIssuer implements host.IssuerStore. All issuers are of one moment.
func (db *DB) EachIssuer(ctx context.Context, appID string, fn func(*host.Issuer)) (err error) {
	defer host.Wrap(&err, "store.EachIssuer(%q)", appID)
	where, args := ofApp(appID)
	return each(ctx, db.main, "SELECT "+issuerColumns+" FROM issuer"+where, func(row *issuerRow) { fn(row.issuer()) }, args...)
}

// ofApp is the condition of rows that belong to an app, or to any for "".
func ofApp(appID string) (where string, args []any) {
	if appID == "" {
		return "", nil
	}
	return " WHERE app_id = $1", []any{appID}
}

// UpdateIssuer implements host.IssuerStore. The ids and the time of creation
// keep their values.
func (db *DB) UpdateIssuer(ctx context.Context, appID, id string, change func(*host.Issuer) error) (issuer *host.Issuer, err error) {
	defer host.Wrap(&err, "store.UpdateIssuer(%q, %q)", appID, id)
	err = db.main.write(ctx, func(s *session) error {
		issuer, err = oneIssuer(s, appID, id, s.dialect.rowLock)
		if err != nil {
			return err
		}
		old := *issuer
		if err := change(issuer); err != nil {
			return err
		}
		issuer.ID, issuer.AppID, issuer.CreatedAt = old.ID, old.AppID, old.CreatedAt
		issuer.UpdatedAt, issuer.Revision = host.Now(), old.Revision+1
		if err := db.change(s, host.ChangedIssuers, appID, &old, issuer); err != nil {
			return err
		}
		_, err = s.save(updateIssuer, issuerRowOf(issuer))
		return s.taken(err, issuerTaken)
	})
	if err != nil {
		return nil, err
	}
	return issuer, nil
}

// DeleteIssuer implements host.IssuerStore.
func (db *DB) DeleteIssuer(ctx context.Context, appID, id string, checks ...func(*host.Issuer) error) (err error) {
	defer host.Wrap(&err, "store.DeleteIssuer(%q, %q)", appID, id)
	return db.main.write(ctx, func(s *session) error {
		issuer, err := oneIssuer(s, appID, id, s.dialect.rowLock)
		if err != nil {
			return err
		}
		if err := refused(issuer, checks); err != nil {
			return err
		}
		if err := db.change(s, host.ChangedIssuers, appID, issuer, nil); err != nil {
			return err
		}
		return dropCredential(s, id)
	})
}
