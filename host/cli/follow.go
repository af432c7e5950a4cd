package cli

import (
	"context"
	"time"
)

// followInterval is how often --follow asks for what is new.
const followInterval = time.Second

// follow prints what fresh brings, again and again, until ctx ends:
// interrupting is how one ends a tail, and no failure.
func follow[T any](ctx context.Context, fresh func() ([]T, error), print func([]T) error) error {
	ticker := time.NewTicker(followInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		items, err := fresh()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if err := print(items); err != nil {
			return err
		}
	}
}

// printEach shows items with show, or as lines of JSON if the output is JSON.
func printEach[T any](r *remote, items []T, show func(T)) error {
	for _, item := range items {
		if !r.json {
			show(item)
			continue
		}
		if err := r.line(item); err != nil {
			return err
		}
	}
	return nil
}
