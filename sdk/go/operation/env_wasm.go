//go:build wasip1

package operation

import "github.com/posternhq/postern/sdk/go/internal/block"

// The host's data operations. The linker leaves those out that a module does
// not use.

//go:wasmimport postern:host/v1 object_query
func hostObjectQuery(request uint64) (answer uint64)

//go:wasmimport postern:host/v1 object_insert
func hostObjectInsert(request uint64) (answer uint64)

//go:wasmimport postern:host/v1 object_put
func hostObjectPut(request uint64) (answer uint64)

//go:wasmimport postern:host/v1 object_patch
func hostObjectPatch(request uint64) (answer uint64)

//go:wasmimport postern:host/v1 object_delete
func hostObjectDelete(request uint64) (answer uint64)

//go:wasmimport postern:host/v1 object_batch
func hostObjectBatch(request uint64) (answer uint64)

//go:wasmimport postern:host/v1 http_fetch
func hostHttpFetch(request uint64) (answer uint64)

//go:wasmimport postern:host/v1 jwt_sign
func hostJwtSign(request uint64) (answer uint64)

//go:wasmimport postern:host/v1 jwt_verify
func hostJwtVerify(request uint64) (answer uint64)

//go:wasmimport postern:host/v1 secret_get
func hostSecretGet(request uint64) (answer uint64)

//go:wasmimport postern:host/v1 secure_put
func hostSecurePut(request uint64) (answer uint64)

//go:wasmimport postern:host/v1 secure_get
func hostSecureGet(request uint64) (answer uint64)

//go:wasmimport postern:host/v1 uuid
func hostUuid(request uint64) (answer uint64)

//go:wasmimport postern:host/v1 wait
func hostWait(request uint64) (answer uint64)

//go:wasmimport postern:host/v1 xml_to_json
func hostXmlToJson(request uint64) (answer uint64)

//go:wasmimport postern:host/v1 schema_validate
func hostSchemaValidate(request uint64) (answer uint64)

//go:wasmimport postern:host/v1 call
func hostCall(request uint64) (answer uint64)

// The host frees the block of a request; the answer's is the module's to free.

// ObjectQuery carries out object_query.
func ObjectQuery(request []byte) (answer []byte, err error) {
	return block.Take(hostObjectQuery(block.Store(request))), nil
}

// ObjectInsert carries out object_insert.
func ObjectInsert(request []byte) (answer []byte, err error) {
	return block.Take(hostObjectInsert(block.Store(request))), nil
}

// ObjectPut carries out object_put.
func ObjectPut(request []byte) (answer []byte, err error) {
	return block.Take(hostObjectPut(block.Store(request))), nil
}

// ObjectPatch carries out object_patch.
func ObjectPatch(request []byte) (answer []byte, err error) {
	return block.Take(hostObjectPatch(block.Store(request))), nil
}

// ObjectDelete carries out object_delete.
func ObjectDelete(request []byte) (answer []byte, err error) {
	return block.Take(hostObjectDelete(block.Store(request))), nil
}

// ObjectBatch carries out object_batch.
func ObjectBatch(request []byte) (answer []byte, err error) {
	return block.Take(hostObjectBatch(block.Store(request))), nil
}

// HTTPFetch carries out http_fetch.
func HTTPFetch(request []byte) (answer []byte, err error) {
	return block.Take(hostHttpFetch(block.Store(request))), nil
}

// JWTSign carries out jwt_sign.
func JWTSign(request []byte) (answer []byte, err error) {
	return block.Take(hostJwtSign(block.Store(request))), nil
}

// JWTVerify carries out jwt_verify.
func JWTVerify(request []byte) (answer []byte, err error) {
	return block.Take(hostJwtVerify(block.Store(request))), nil
}

// SecretGet carries out secret_get.
func SecretGet(request []byte) (answer []byte, err error) {
	return block.Take(hostSecretGet(block.Store(request))), nil
}

// SecurePut carries out secure_put.
func SecurePut(request []byte) (answer []byte, err error) {
	return block.Take(hostSecurePut(block.Store(request))), nil
}

// SecureGet carries out secure_get.
func SecureGet(request []byte) (answer []byte, err error) {
	return block.Take(hostSecureGet(block.Store(request))), nil
}

// UUID carries out uuid.
func UUID(request []byte) (answer []byte, err error) {
	return block.Take(hostUuid(block.Store(request))), nil
}

// Wait carries out wait.
func Wait(request []byte) (answer []byte, err error) {
	return block.Take(hostWait(block.Store(request))), nil
}

// XMLToJSON carries out xml_to_json.
func XMLToJSON(request []byte) (answer []byte, err error) {
	return block.Take(hostXmlToJson(block.Store(request))), nil
}

// SchemaValidate carries out schema_validate.
func SchemaValidate(request []byte) (answer []byte, err error) {
	return block.Take(hostSchemaValidate(block.Store(request))), nil
}

// Call carries out call.
func Call(request []byte) (answer []byte, err error) {
	return block.Take(hostCall(block.Store(request))), nil
}
