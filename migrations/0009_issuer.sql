-- Whom an app trusts to sign JWTs.

-- +goose Up
CREATE TABLE issuer (
    id              TEXT    NOT NULL PRIMARY KEY REFERENCES credential (id) ON DELETE CASCADE,
    app_id          TEXT    NOT NULL REFERENCES app (id) ON DELETE CASCADE,
    name            TEXT    NOT NULL,
    issuer          TEXT    NOT NULL,
    audience        TEXT    NOT NULL,
    algorithms      TEXT    NOT NULL,
    public_key      TEXT,
    jwks_url        TEXT,
    required_claims TEXT    NOT NULL,
    claim_variables TEXT    NOT NULL,
    rate_limit      TEXT    NOT NULL,
    enabled         BOOLEAN NOT NULL,
    created_at      BIGINT  NOT NULL,
    updated_at      BIGINT  NOT NULL,
    revision        BIGINT  NOT NULL,
    UNIQUE (app_id, issuer)
);
