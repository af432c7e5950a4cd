//go:build !wasip1

package operation

import "sync"

// native stands in for the host where there is none: in tests.
var native struct {
	sync.Mutex
	host func(name string, request []byte) (answer []byte)
}

// SetHost lets fn answer all operations of plug-ins under test, whatever their
// names; nil takes that back. An answer is as sdk/abi.md says: for a failure
// {"error":{"code":"not_found","message":"…"}}. SetHost exists only outside
// WebAssembly.
func SetHost(fn func(name string, request []byte) (answer []byte)) {
	native.Lock()
	defer native.Unlock()
	native.host = fn
}

func carryOut(name string, request []byte) ([]byte, error) {
	native.Lock()
	host := native.host
	native.Unlock()
	if host == nil {
		return nil, ErrNoHost
	}
	return host(name, request), nil
}

// ObjectQuery carries out object_query.
func ObjectQuery(request []byte) (answer []byte, err error) { return carryOut("object_query", request) }

// ObjectInsert carries out object_insert.
func ObjectInsert(request []byte) (answer []byte, err error) {
	return carryOut("object_insert", request)
}

// ObjectPut carries out object_put.
func ObjectPut(request []byte) (answer []byte, err error) { return carryOut("object_put", request) }

// ObjectPatch carries out object_patch.
func ObjectPatch(request []byte) (answer []byte, err error) { return carryOut("object_patch", request) }

// ObjectDelete carries out object_delete.
func ObjectDelete(request []byte) (answer []byte, err error) {
	return carryOut("object_delete", request)
}

// ObjectBatch carries out object_batch.
func ObjectBatch(request []byte) (answer []byte, err error) { return carryOut("object_batch", request) }

// HTTPFetch carries out http_fetch.
func HTTPFetch(request []byte) (answer []byte, err error) { return carryOut("http_fetch", request) }

// JWTSign carries out jwt_sign.
func JWTSign(request []byte) (answer []byte, err error) { return carryOut("jwt_sign", request) }

// JWTVerify carries out jwt_verify.
func JWTVerify(request []byte) (answer []byte, err error) { return carryOut("jwt_verify", request) }

// SecretGet carries out secret_get.
func SecretGet(request []byte) (answer []byte, err error) { return carryOut("secret_get", request) }

// SecurePut carries out secure_put.
func SecurePut(request []byte) (answer []byte, err error) { return carryOut("secure_put", request) }

// SecureGet carries out secure_get.
func SecureGet(request []byte) (answer []byte, err error) { return carryOut("secure_get", request) }

// UUID carries out uuid.
func UUID(request []byte) (answer []byte, err error) { return carryOut("uuid", request) }

// Wait carries out wait.
func Wait(request []byte) (answer []byte, err error) { return carryOut("wait", request) }

// XMLToJSON carries out xml_to_json.
func XMLToJSON(request []byte) (answer []byte, err error) { return carryOut("xml_to_json", request) }

// SchemaValidate carries out schema_validate.
func SchemaValidate(request []byte) (answer []byte, err error) {
	return carryOut("schema_validate", request)
}

// Call carries out call.
func Call(request []byte) (answer []byte, err error) { return carryOut("call", request) }
