-- Members, who manage with tokens of their own. Of a token only the hash is
-- kept. "environments" is a JSON list, null for all.

-- +goose Up
CREATE TABLE member (
    id           TEXT    NOT NULL PRIMARY KEY,
    name         TEXT    NOT NULL UNIQUE,
    role         TEXT    NOT NULL,
    prefix       TEXT    NOT NULL,
    hash         BYTEA   NOT NULL UNIQUE,
    environments TEXT    NOT NULL,
    enabled      BOOLEAN NOT NULL,
    created_at   BIGINT  NOT NULL,
    updated_at   BIGINT  NOT NULL,
    revision     BIGINT  NOT NULL
);
