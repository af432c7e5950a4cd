-- What a module says about itself: the language it was written in, and the
-- extensions of WebAssembly that its code uses (a JSON list). Modules from
-- before say nothing.

-- +goose Up
ALTER TABLE module ADD COLUMN language TEXT NOT NULL DEFAULT '';
ALTER TABLE module ADD COLUMN features TEXT NOT NULL DEFAULT '[]';
