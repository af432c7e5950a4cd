//go:build !wasip1

package object

func query([]byte) ([]byte, error)  { return nil, ErrNoHost }
func insert([]byte) ([]byte, error) { return nil, ErrNoHost }
func put([]byte) ([]byte, error)    { return nil, ErrNoHost }
func merge([]byte) ([]byte, error)  { return nil, ErrNoHost }
func remove([]byte) ([]byte, error) { return nil, ErrNoHost }
func batch([]byte) ([]byte, error)  { return nil, ErrNoHost }
