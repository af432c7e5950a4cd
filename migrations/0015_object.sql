-- Definitions of objects. The records of an object are in a table of its own,
-- record_ and its id in hexadecimal, which is made with the definition and
-- dropped with it, as are the indexes that the fields ask for.

-- +goose Up
CREATE TABLE object (
    id             TEXT   NOT NULL PRIMARY KEY,
    app_id         TEXT   NOT NULL REFERENCES app (id) ON DELETE CASCADE,
    name           TEXT   NOT NULL,
    schema         TEXT   NOT NULL,
    unique_fields  TEXT   NOT NULL,
    indexed_fields TEXT   NOT NULL,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    revision       BIGINT NOT NULL,
    UNIQUE (app_id, name)
);
