-- Which groups of data operations the modules of an app may use.

-- +goose Up
ALTER TABLE app ADD COLUMN capabilities TEXT NOT NULL DEFAULT '[]';
