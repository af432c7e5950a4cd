-- Tokens, and the keys that sign them. The key with the highest position signs;
-- its private part is sealed with the master key. A token is not kept itself,
-- only what it stands for.

-- +goose Up
CREATE TABLE signing_key (
    id          TEXT   NOT NULL PRIMARY KEY,
    position    BIGINT NOT NULL UNIQUE,
    algorithm   TEXT   NOT NULL,
    public_key  BYTEA  NOT NULL,
    private_key BYTEA  NOT NULL,
    created_at  BIGINT NOT NULL
);

CREATE TABLE token (
    id          TEXT   NOT NULL PRIMARY KEY REFERENCES credential (id) ON DELETE CASCADE,
    name        TEXT   NOT NULL UNIQUE,
    environment TEXT,
    allowed_ips TEXT   NOT NULL,
    variables   TEXT   NOT NULL,
    rate_limit  TEXT   NOT NULL,
    expires_at  BIGINT NOT NULL,
    key_id      TEXT   NOT NULL REFERENCES signing_key (id),
    created_at  BIGINT NOT NULL
);
CREATE INDEX token_key ON token (key_id);
