-- When a member last called with its token: 0 for never. It is written in
-- batches and is no change of the member, so that its revision stays.

-- +goose Up
ALTER TABLE member ADD COLUMN last_used_at BIGINT NOT NULL DEFAULT 0;
