-- The invocation log: a ring of the newest records. A record is written once
-- and read whole, so it is one JSON document beside the columns that select
-- it. Positions come from a single row and have no gaps, so that the oldest
-- record to keep follows from the newest. On SQLite this is a file of its own,
-- so that logging never waits for a change of the configuration.

-- +goose Up
CREATE TABLE invocation_counter (
    single BIGINT NOT NULL PRIMARY KEY CHECK (single = 1),
    last   BIGINT NOT NULL
);
INSERT INTO invocation_counter (single, last) VALUES (1, 0);

CREATE TABLE invocation (
    position    BIGINT  NOT NULL PRIMARY KEY,
    app_id      TEXT    NOT NULL,
    request_id  TEXT    NOT NULL,
    endpoint_id TEXT    NOT NULL,
    failed      BOOLEAN NOT NULL,
    document    TEXT    NOT NULL
);
CREATE INDEX invocation_app ON invocation (app_id, position);
CREATE INDEX invocation_endpoint ON invocation (app_id, endpoint_id, position);
CREATE INDEX invocation_failed ON invocation (app_id, position) WHERE failed;
CREATE INDEX invocation_request ON invocation (app_id, request_id);
