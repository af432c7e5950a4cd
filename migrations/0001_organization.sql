-- The organization owns everything else; a database has one, which the column
-- "single" makes sure of. Changes tell the hosts of a database what to load
-- again: the sequence is taken from one row, whose lock makes it rise in the
-- order in which transactions commit, and no number is ever missing.

-- +goose Up
CREATE TABLE organization (
    id                 TEXT    NOT NULL PRIMARY KEY,
    single             BIGINT  NOT NULL DEFAULT 1 UNIQUE CHECK (single = 1),
    name               TEXT    NOT NULL,
    api_key_enabled    BOOLEAN NOT NULL,
    key_hash           BYTEA   NOT NULL,
    master_fingerprint TEXT    NOT NULL,
    created_at         BIGINT  NOT NULL,
    updated_at         BIGINT  NOT NULL
);

CREATE TABLE change_counter (
    single BIGINT NOT NULL PRIMARY KEY CHECK (single = 1),
    last   BIGINT NOT NULL
);
INSERT INTO change_counter (single, last) VALUES (1, 0);

CREATE TABLE change (
    sequence BIGINT NOT NULL PRIMARY KEY,
    kind     TEXT   NOT NULL,
    id       TEXT   NOT NULL
);
