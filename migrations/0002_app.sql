-- Apps, and the host names that lead to them. A host name belongs to one app
-- of the whole installation, so names have a table of their own. Columns of
-- type BYTEA are sealed with the master key.

-- +goose Up
CREATE TABLE app (
    id                       TEXT    NOT NULL PRIMARY KEY,
    organization_id          TEXT    NOT NULL REFERENCES organization (id),
    name                     TEXT    NOT NULL,
    slug                     TEXT    NOT NULL,
    environment              TEXT    NOT NULL,
    description              TEXT,
    app_store_url            TEXT,
    play_store_url           TEXT,
    website_url              TEXT,
    engagement_platform      TEXT    NOT NULL,
    engagement_credentials   BYTEA,
    api_key                  BYTEA   NOT NULL,
    api_secret               BYTEA   NOT NULL,
    platform                 TEXT    NOT NULL,
    bundle_id                TEXT,
    data_retention_days      BIGINT  NOT NULL,
    timezone                 TEXT    NOT NULL,
    features                 TEXT    NOT NULL,
    status                   TEXT    NOT NULL,
    context_info             TEXT,
    url_context              TEXT,
    email_platform           TEXT    NOT NULL,
    email_credentials        BYTEA,
    cached_user_count        BIGINT  NOT NULL,
    cached_event_count       BIGINT  NOT NULL,
    cached_last_event        BIGINT  NOT NULL,
    stats_last_updated       BIGINT  NOT NULL,
    webhook_url              TEXT,
    webhook_enabled          BOOLEAN NOT NULL,
    webhook_use_query_params BOOLEAN NOT NULL,
    authorized_domains       TEXT    NOT NULL,
    created_at               BIGINT  NOT NULL,
    updated_at               BIGINT  NOT NULL,
    revision                 BIGINT  NOT NULL,
    active_release           BIGINT  NOT NULL,
    last_release             BIGINT  NOT NULL DEFAULT 0,
    UNIQUE (organization_id, name, environment),
    UNIQUE (environment, slug)
);

CREATE TABLE app_domain (
    name     TEXT   NOT NULL PRIMARY KEY,
    app_id   TEXT   NOT NULL REFERENCES app (id) ON DELETE CASCADE,
    position BIGINT NOT NULL
);
CREATE INDEX app_domain_app ON app_domain (app_id, position);
