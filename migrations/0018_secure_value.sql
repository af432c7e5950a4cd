-- Texts that modules put aside for a while. The id is the SHA-256 of the key
-- that finds them, which is not kept; value is sealed, bytes is its length before.

-- +goose Up
CREATE TABLE secure_value (
    id         TEXT   NOT NULL PRIMARY KEY,
    app_id     TEXT   NOT NULL REFERENCES app (id) ON DELETE CASCADE,
    value      BYTEA  NOT NULL,
    bytes      BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX secure_value_app ON secure_value (app_id);
CREATE INDEX secure_value_expiry ON secure_value (expires_at);
