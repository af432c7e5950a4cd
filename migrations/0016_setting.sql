-- What an app's modules read: variables, which are shown to whoever may read the
-- app, and secrets, whose values are sealed and shown to nobody.

-- +goose Up
CREATE TABLE variable (
    id         TEXT   NOT NULL PRIMARY KEY,
    app_id     TEXT   NOT NULL REFERENCES app (id) ON DELETE CASCADE,
    name       TEXT   NOT NULL,
    value      BYTEA  NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (app_id, name)
);

CREATE TABLE secret (
    id         TEXT   NOT NULL PRIMARY KEY,
    app_id     TEXT   NOT NULL REFERENCES app (id) ON DELETE CASCADE,
    name       TEXT   NOT NULL,
    value      BYTEA  NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (app_id, name)
);
