package instrument

import (
	"slices"
	"strings"

	"github.com/posternhq/postern/host"
)

// The capabilities that imports need.
const (
	Memory    = "memory"    // blocks, input, output, error: every Extism module
	Log       = "log"       // lines of the invocation's log
	Config    = "config"    // the endpoint's configuration
	Variables = "variables" // values kept within one invocation
	Clock     = "clock"     // time and sleep
	Random    = "random"    // entropy
	WASI      = "wasi"      // the rest of WASI preview 1: no files, environment or sockets are behind it

	Basic = host.CapabilityBasic // data operations that need no grant

	// Only if the app grants them:

	Objects = host.CapabilityObjects // records
	HTTP    = host.CapabilityHTTP    // requests to the outside
	JWT     = host.CapabilityJWT     // tokens
	Secrets = host.CapabilitySecrets // the app's secrets, and values kept for a while
)

// Modules that imports name.
const (
	ExtismModule  = "extism:host/env"
	PosternModule = "postern:host/v1"
	WASIModule    = "wasi_snapshot_preview1"
)

// known lists every import that guests may use: "capability: name(parameters)
// results" by module.
var known = parseKnown(map[string]string{
	ExtismModule: `
memory: alloc(i64) i64
memory: free(i64)
memory: length(i64) i64
memory: length_unsafe(i64) i64
memory: load_u8(i64) i32
memory: load_u64(i64) i64
memory: store_u8(i64 i32)
memory: store_u64(i64 i64)
memory: input_length() i64
memory: input_offset() i64
memory: input_load_u8(i64) i32
memory: input_load_u64(i64) i64
memory: input_set(i64 i64)
memory: output_set(i64 i64)
memory: output_length() i64
memory: output_offset() i64
memory: error_set(i64)
memory: error_get() i64
memory: reset()
memory: memory_bytes() i64
config: config_get(i64) i64
variables: var_get(i64) i64
variables: var_set(i64 i64)
http: http_request(i64 i64) i64
http: http_status_code() i32
http: http_headers() i64
log: log_trace(i64)
log: log_debug(i64)
log: log_info(i64)
log: log_warn(i64)
log: log_error(i64)
log: get_log_level() i32`,
	PosternModule: `
memory: read(i64 i32 i32)
memory: write(i32 i32) i64
objects: object_query(i64) i64
objects: object_insert(i64) i64
objects: object_put(i64) i64
objects: object_patch(i64) i64
objects: object_delete(i64) i64
objects: object_batch(i64) i64
http: http_fetch(i64) i64
jwt: jwt_sign(i64) i64
jwt: jwt_verify(i64) i64
secrets: secret_get(i64) i64
secrets: secure_put(i64) i64
secrets: secure_get(i64) i64
basic: uuid(i64) i64
basic: wait(i64) i64
basic: xml_to_json(i64) i64
basic: schema_validate(i64) i64
basic: call(i64) i64`,
	WASIModule: `
wasi: args_get(i32 i32) i32
wasi: args_sizes_get(i32 i32) i32
wasi: environ_get(i32 i32) i32
wasi: environ_sizes_get(i32 i32) i32
clock: clock_res_get(i32 i32) i32
clock: clock_time_get(i32 i64 i32) i32
wasi: fd_advise(i32 i64 i64 i32) i32
wasi: fd_allocate(i32 i64 i64) i32
wasi: fd_close(i32) i32
wasi: fd_datasync(i32) i32
wasi: fd_fdstat_get(i32 i32) i32
wasi: fd_fdstat_set_flags(i32 i32) i32
wasi: fd_fdstat_set_rights(i32 i64 i64) i32
wasi: fd_filestat_get(i32 i32) i32
wasi: fd_filestat_set_size(i32 i64) i32
wasi: fd_filestat_set_times(i32 i64 i64 i32) i32
wasi: fd_pread(i32 i32 i32 i64 i32) i32
wasi: fd_prestat_get(i32 i32) i32
wasi: fd_prestat_dir_name(i32 i32 i32) i32
wasi: fd_pwrite(i32 i32 i32 i64 i32) i32
wasi: fd_read(i32 i32 i32 i32) i32
wasi: fd_readdir(i32 i32 i32 i64 i32) i32
wasi: fd_renumber(i32 i32) i32
wasi: fd_seek(i32 i64 i32 i32) i32
wasi: fd_sync(i32) i32
wasi: fd_tell(i32 i32) i32
log: fd_write(i32 i32 i32 i32) i32
wasi: path_create_directory(i32 i32 i32) i32
wasi: path_filestat_get(i32 i32 i32 i32 i32) i32
wasi: path_filestat_set_times(i32 i32 i32 i32 i64 i64 i32) i32
wasi: path_link(i32 i32 i32 i32 i32 i32 i32) i32
wasi: path_open(i32 i32 i32 i32 i32 i64 i64 i32 i32) i32
wasi: path_readlink(i32 i32 i32 i32 i32 i32) i32
wasi: path_remove_directory(i32 i32 i32) i32
wasi: path_rename(i32 i32 i32 i32 i32 i32) i32
wasi: path_symlink(i32 i32 i32 i32 i32) i32
wasi: path_unlink_file(i32 i32 i32) i32
clock: poll_oneoff(i32 i32 i32 i32) i32
wasi: proc_exit(i32)
wasi: proc_raise(i32) i32
wasi: sched_yield() i32
random: random_get(i32 i32) i32
wasi: sock_accept(i32 i32 i32) i32
wasi: sock_recv(i32 i32 i32 i32 i32 i32) i32
wasi: sock_send(i32 i32 i32 i32 i32) i32
wasi: sock_shutdown(i32 i32) i32`,
})

// parseKnown reads the table above. Its form is constant, so a slip shows as
// a wrong entry, which the tests compare with what the engine offers.
func parseKnown(modules map[string]string) map[string]map[string]host.Import {
	all := map[string]map[string]host.Import{}
	for module, lines := range modules {
		all[module] = map[string]host.Import{}
		for line := range strings.Lines(strings.TrimSpace(lines)) {
			capability, rest, _ := strings.Cut(strings.TrimSpace(line), ": ")
			name, rest, _ := strings.Cut(rest, "(")
			params, results, _ := strings.Cut(rest, ")")
			all[module][name] = host.Import{
				Module: module, Name: name, Kind: host.FuncKind, Capability: capability,
				Params: strings.Fields(params), Results: strings.Fields(results),
			}
		}
	}
	return all
}

// Known lists the functions of a module that guests may import, by name. The
// engine offers exactly these.
func Known(module string) []host.Import {
	var list []host.Import
	for _, im := range known[module] {
		list = append(list, im)
	}
	slices.SortFunc(list, func(a, b host.Import) int { return strings.Compare(a.Name, b.Name) })
	return list
}
