//go:build wasip1

package object

import "github.com/posternhq/postern/sdk/go/internal/block"

// The host's data operations. Each is imported only by modules that use it, for
// an import asks the app for its permission.

//go:wasmimport postern:host/v1 object_query
func objectQuery(request uint64) (answer uint64)

//go:wasmimport postern:host/v1 object_insert
func objectInsert(request uint64) (answer uint64)

//go:wasmimport postern:host/v1 object_put
func objectPut(request uint64) (answer uint64)

//go:wasmimport postern:host/v1 object_patch
func objectPatch(request uint64) (answer uint64)

//go:wasmimport postern:host/v1 object_delete
func objectDelete(request uint64) (answer uint64)

//go:wasmimport postern:host/v1 object_batch
func objectBatch(request uint64) (answer uint64)

// The host frees the block of a request; the answer's is the module's to free.

func query(request []byte) ([]byte, error) {
	return block.Take(objectQuery(block.Store(request))), nil
}

func insert(request []byte) ([]byte, error) {
	return block.Take(objectInsert(block.Store(request))), nil
}

func put(request []byte) ([]byte, error) {
	return block.Take(objectPut(block.Store(request))), nil
}

func merge(request []byte) ([]byte, error) {
	return block.Take(objectPatch(block.Store(request))), nil
}

func remove(request []byte) ([]byte, error) {
	return block.Take(objectDelete(block.Store(request))), nil
}

func batch(request []byte) ([]byte, error) {
	return block.Take(objectBatch(block.Store(request))), nil
}
