-- Everything that can be a member of a key group or be used is a credential:
-- one table of their ids lets groups and counters refer to all kinds, and a
-- credential that is deleted leaves them by itself. A credential with an app
-- belongs to that app alone. Counters have rows of their own, so that counting
-- never waits for a change of the credential, nor a change for it. A quota is
-- counted by the month, and "taken" is what the last statement took of it.

-- +goose Up
CREATE TABLE credential (
    id     TEXT NOT NULL PRIMARY KEY,
    app_id TEXT REFERENCES app (id) ON DELETE CASCADE
);
CREATE INDEX credential_app ON credential (app_id);
INSERT INTO credential (id) SELECT id FROM key;

CREATE TABLE credential_usage (
    credential_id TEXT   NOT NULL PRIMARY KEY REFERENCES credential (id) ON DELETE CASCADE,
    last_used_at  BIGINT NOT NULL,
    usage_count   BIGINT NOT NULL
);

CREATE TABLE credential_quota (
    credential_id TEXT   NOT NULL REFERENCES credential (id) ON DELETE CASCADE,
    month         TEXT   NOT NULL,
    used          BIGINT NOT NULL,
    taken         BIGINT NOT NULL,
    PRIMARY KEY (credential_id, month)
);

ALTER TABLE key ADD COLUMN rate_limit TEXT NOT NULL DEFAULT 'null';
ALTER TABLE key ADD COLUMN quota BIGINT;
ALTER TABLE key ADD COLUMN previous_hash BYTEA;
ALTER TABLE key ADD COLUMN previous_expires_at BIGINT NOT NULL DEFAULT 0;

ALTER TABLE app ADD COLUMN rate_limit TEXT NOT NULL DEFAULT 'null';
