-- Key groups. Releases name them, and may name some that do not exist; what a
-- release names is listed apart, because it decides whether a group may be
-- deleted. Releases made before this step are not listed: no group existed
-- then.

-- +goose Up
CREATE TABLE key_group (
    id         TEXT   NOT NULL PRIMARY KEY,
    app_id     TEXT   NOT NULL REFERENCES app (id) ON DELETE CASCADE,
    name       TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    revision   BIGINT NOT NULL,
    UNIQUE (app_id, name)
);

CREATE TABLE key_group_member (
    key_group_id  TEXT NOT NULL REFERENCES key_group (id) ON DELETE CASCADE,
    credential_id TEXT NOT NULL REFERENCES credential (id) ON DELETE CASCADE,
    PRIMARY KEY (key_group_id, credential_id)
);
CREATE INDEX key_group_member_credential ON key_group_member (credential_id);

CREATE TABLE release_key_group (
    app_id TEXT   NOT NULL,
    number BIGINT NOT NULL,
    name   TEXT   NOT NULL,
    PRIMARY KEY (app_id, number, name),
    FOREIGN KEY (app_id, number) REFERENCES release (app_id, number) ON DELETE CASCADE
);
