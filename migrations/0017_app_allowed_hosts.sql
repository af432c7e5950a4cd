-- Where the modules of an app may send requests to.

-- +goose Up
ALTER TABLE app ADD COLUMN allowed_hosts TEXT NOT NULL DEFAULT '[]';
