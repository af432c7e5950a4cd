-- The audit log of management. It refers to nothing, so that it outlives what
-- it tells of. Empty texts stand for what an entry has not.

-- +goose Up
CREATE TABLE audit_entry (
    id           TEXT   NOT NULL PRIMARY KEY,
    created_at   BIGINT NOT NULL,
    actor_kind   TEXT   NOT NULL,
    actor_id     TEXT   NOT NULL,
    actor_name   TEXT   NOT NULL,
    action       TEXT   NOT NULL,
    method       TEXT   NOT NULL,
    path         TEXT   NOT NULL,
    client       TEXT   NOT NULL,
    request_id   TEXT   NOT NULL,
    refused      TEXT   NOT NULL,
    reason       TEXT   NOT NULL,
    target_kind  TEXT   NOT NULL,
    target_id    TEXT   NOT NULL,
    app_id       TEXT   NOT NULL,
    value_before TEXT   NOT NULL,
    value_after  TEXT   NOT NULL
);
CREATE INDEX audit_entry_time ON audit_entry (created_at);
CREATE INDEX audit_entry_refused ON audit_entry (refused, id);
