package store

import (
	"encoding/json"
	"strings"

	"github.com/posternhq/postern/host"
)

type appRow struct {
	ID                    string                    `db:"id"`
	OrganizationID        string                    `db:"organization_id"`
	Name                  string                    `db:"name"`
	Slug                  string                    `db:"slug"`
	Environment           string                    `db:"environment"`
	Description           *string                   `db:"description"`
	AppStoreURL           *string                   `db:"app_store_url"`
	PlayStoreURL          *string                   `db:"play_store_url"`
	WebsiteURL            *string                   `db:"website_url"`
	EngagementPlatform    string                    `db:"engagement_platform"`
	EngagementCredentials []byte                    `db:"engagement_credentials"`
	APIKey                []byte                    `db:"api_key"`
	APISecret             []byte                    `db:"api_secret"`
	Platform              string                    `db:"platform"`
	BundleID              *string                   `db:"bundle_id"`
	DataRetentionDays     int                       `db:"data_retention_days"`
	Timezone              string                    `db:"timezone"`
	Features              document[host.Features]   `db:"features"`
	Status                string                    `db:"status"`
	ContextInfo           *string                   `db:"context_info"`
	URLContext            *string                   `db:"url_context"`
	EmailPlatform         string                    `db:"email_platform"`
	EmailCredentials      []byte                    `db:"email_credentials"`
	CachedUserCount       int64                     `db:"cached_user_count"`
	CachedEventCount      int64                     `db:"cached_event_count"`
	CachedLastEvent       int64                     `db:"cached_last_event"`
	StatsLastUpdated      int64                     `db:"stats_last_updated"`
	WebhookURL            *string                   `db:"webhook_url"`
	WebhookEnabled        bool                      `db:"webhook_enabled"`
	WebhookUseQueryParams bool                      `db:"webhook_use_query_params"`
	AuthorizedDomains     document[[]string]        `db:"authorized_domains"`
	RateLimit             document[*host.RateLimit] `db:"rate_limit"`
	Capabilities          document[[]string]        `db:"capabilities"`
	AllowedHosts          document[[]string]        `db:"allowed_hosts"`
	CreatedAt             int64                     `db:"created_at"`
	UpdatedAt             int64                     `db:"updated_at"`
	Revision              int64                     `db:"revision"`
	ActiveRelease         int                       `db:"active_release"`
}

// appView is an app as it is read: with its domains, joined by commas.
type appView struct {
	appRow
	Domains string `db:"domains"`
}

var (
	insertApp  = insertInto[appRow]("app") + " ON CONFLICT DO NOTHING"
	updateApp  = update[appRow]("app")
	appColumns = columns[appRow]("app.") + `, COALESCE((SELECT string_agg(d.name, ',' ORDER BY d.position)
		FROM app_domain d WHERE d.app_id = app.id), '') AS domains`
)

// appRowOf seals the secrets of an app and makes it a row.
func (db *DB) appRowOf(a *host.App) (appRow, error) {
	seal := sealing{db.sealer, a.ID, nil}
	row := appRow{
		ID: a.ID, OrganizationID: a.OrganizationID, Name: a.Name, Slug: a.Slug, Environment: a.Environment,
		Description: a.Description, AppStoreURL: a.AppStoreURL, PlayStoreURL: a.PlayStoreURL, WebsiteURL: a.WebsiteURL,
		EngagementPlatform:    a.EngagementPlatform,
		EngagementCredentials: seal.seal(sealedEngagement, a.EngagementCredentials),
		APIKey:                seal.seal(sealedAPIKey, []byte(a.APIKey)),
		APISecret:             seal.seal(sealedAPISecret, []byte(a.APISecret)),
		Platform:              a.Platform, BundleID: a.BundleID, DataRetentionDays: a.DataRetentionDays, Timezone: a.Timezone,
		Features: document[host.Features]{a.Features}, Status: a.Status, ContextInfo: a.ContextInfo, URLContext: a.URLContext,
		EmailPlatform:    a.EmailPlatform,
		EmailCredentials: seal.seal(sealedEmail, a.EmailCredentials),
		CachedUserCount:  a.CachedUserCount, CachedEventCount: a.CachedEventCount,
		CachedLastEvent: a.CachedLastEvent.Millis(), StatsLastUpdated: a.StatsLastUpdated.Millis(),
		WebhookURL: a.WebhookURL, WebhookEnabled: a.WebhookEnabled, WebhookUseQueryParams: a.WebhookUseQueryParams,
		AuthorizedDomains: document[[]string]{a.AuthorizedDomains}, RateLimit: document[*host.RateLimit]{a.RateLimit},
		Capabilities: document[[]string]{distinct(a.Capabilities)}, AllowedHosts: document[[]string]{distinct(a.AllowedHosts)},
		CreatedAt: a.CreatedAt.Millis(), UpdatedAt: a.UpdatedAt.Millis(),
		Revision: a.Revision, ActiveRelease: a.ActiveRelease,
	}
	return row, seal.err
}

// app makes a row an app and unseals its secrets.
func (db *DB) app(r *appView) (*host.App, error) {
	seal := sealing{db.sealer, r.ID, nil}
	a := &host.App{
		ID: r.ID, OrganizationID: r.OrganizationID, Name: r.Name, Slug: r.Slug, Environment: r.Environment,
		Domains:     []string{},
		Description: r.Description, AppStoreURL: r.AppStoreURL, PlayStoreURL: r.PlayStoreURL, WebsiteURL: r.WebsiteURL,
		EngagementPlatform:    r.EngagementPlatform,
		EngagementCredentials: json.RawMessage(seal.unseal(sealedEngagement, r.EngagementCredentials)),
		APIKey:                string(seal.unseal(sealedAPIKey, r.APIKey)),
		APISecret:             string(seal.unseal(sealedAPISecret, r.APISecret)),
		Platform:              r.Platform, BundleID: r.BundleID, DataRetentionDays: r.DataRetentionDays, Timezone: r.Timezone,
		Features: r.Features.V, Status: r.Status, ContextInfo: r.ContextInfo, URLContext: r.URLContext,
		EmailPlatform:    r.EmailPlatform,
		EmailCredentials: json.RawMessage(seal.unseal(sealedEmail, r.EmailCredentials)),
		CachedUserCount:  r.CachedUserCount, CachedEventCount: r.CachedEventCount,
		CachedLastEvent: host.FromMillis(r.CachedLastEvent), StatsLastUpdated: host.FromMillis(r.StatsLastUpdated),
		WebhookURL: r.WebhookURL, WebhookEnabled: r.WebhookEnabled, WebhookUseQueryParams: r.WebhookUseQueryParams,
		AuthorizedDomains: filled(r.AuthorizedDomains.V), RateLimit: r.RateLimit.V,
		Capabilities: filled(r.Capabilities.V), AllowedHosts: filled(r.AllowedHosts.V),
		CreatedAt: host.FromMillis(r.CreatedAt), UpdatedAt: host.FromMillis(r.UpdatedAt),
		Revision: r.Revision, ActiveRelease: r.ActiveRelease,
	}
	if r.Domains != "" {
		a.Domains = strings.Split(r.Domains, ",")
	}
	return a, seal.err
}
