-- Keys, the credentials for endpoints. Only the hash of a key is kept: a copy
-- of this table opens nothing.

-- +goose Up
CREATE TABLE key (
    id          TEXT    NOT NULL PRIMARY KEY,
    name        TEXT    NOT NULL,
    prefix      TEXT    NOT NULL,
    hash        BYTEA   NOT NULL UNIQUE,
    environment TEXT,
    enabled     BOOLEAN NOT NULL,
    expires_at  BIGINT  NOT NULL,
    allowed_ips TEXT    NOT NULL,
    variables   TEXT    NOT NULL,
    created_at  BIGINT  NOT NULL,
    updated_at  BIGINT  NOT NULL,
    revision    BIGINT  NOT NULL
);
