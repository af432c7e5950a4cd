-- Modules. The same bytes are stored once, however many apps and names have
-- them. module_name counts versions apart from the modules themselves, so that
-- the number of a deleted module is never given to other bytes.

-- +goose Up
CREATE TABLE module_content (
    digest  TEXT  NOT NULL PRIMARY KEY,
    content BYTEA NOT NULL
);

CREATE TABLE module_name (
    app_id       TEXT   NOT NULL REFERENCES app (id) ON DELETE CASCADE,
    name         TEXT   NOT NULL,
    last_version BIGINT NOT NULL,
    PRIMARY KEY (app_id, name)
);

CREATE TABLE module (
    id           TEXT   NOT NULL PRIMARY KEY,
    app_id       TEXT   NOT NULL REFERENCES app (id) ON DELETE CASCADE,
    name         TEXT   NOT NULL,
    version      BIGINT NOT NULL,
    digest       TEXT   NOT NULL REFERENCES module_content (digest),
    size         BIGINT NOT NULL,
    memory_pages BIGINT NOT NULL,
    imports      TEXT   NOT NULL,
    exports      TEXT   NOT NULL,
    warnings     TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    UNIQUE (app_id, name, version),
    UNIQUE (app_id, name, digest)
);
CREATE INDEX module_digest ON module (digest);
