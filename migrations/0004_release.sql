-- Releases: immutable documents that are only ever read whole. What they pin
-- is listed apart, because it decides whether a module may be deleted.

-- +goose Up
CREATE TABLE release (
    app_id     TEXT   NOT NULL REFERENCES app (id) ON DELETE CASCADE,
    number     BIGINT NOT NULL,
    note       TEXT   NOT NULL,
    endpoints  TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (app_id, number)
);

CREATE TABLE release_module (
    app_id  TEXT   NOT NULL,
    number  BIGINT NOT NULL,
    name    TEXT   NOT NULL,
    version BIGINT NOT NULL,
    digest  TEXT   NOT NULL,
    PRIMARY KEY (app_id, number, name, version, digest),
    FOREIGN KEY (app_id, number) REFERENCES release (app_id, number) ON DELETE CASCADE
);
