import { ABI_VERSIONS, type AbiVersion } from '../module/facts.ts';
import { type FunctionType, signature } from '../module/wasm-types.ts';

/** A function that Envoy gives to filters. */
export interface HostFunction extends FunctionType {
  readonly name: string;
  /** A filter may import it from any of these. */
  readonly modules: readonly string[];
  /** Filters of these versions of the Proxy-Wasm ABI have it. */
  readonly abis: readonly AbiVersion[];
  /** The minor version of Envoy 1 that first had it; 0 when every Envoy with Wasm has it. */
  readonly since: number;
}

/**
 * The newest minor version of Envoy 1 that the tables are right for. Every line was tried on Envoy 1.36.2, 1.38.2, 1.39.0 and
 * 1.40.0: a module with this one import, for each ABI version and each module's name, in `envoy --mode validate`.
 */
export const NEWEST_KNOWN_ENVOY = 40;

/** Older hosts had other types in places (proxy_grpc_call took ten parameters in 2020), so for them the tables only warn. */
export const OLDEST_KNOWN_ENVOY = 17;

/** Every Istio since 1.15 has an Envoy as new as this, so that nobody has to be asked about it. */
export const LONG_KNOWN_ENVOY = 23;

/** Both names of WASI preview 1; Envoy has the same functions under both. */
const WASI = ['wasi_snapshot_preview1', 'wasi_unstable'] as const;

/** One letter a parameter: i is an i32, I an i64. What stands alone takes none. */
const PROXY = `
  proxy_log iii · proxy_get_status iii · proxy_done · proxy_set_effective_context i · proxy_call_foreign_function iiiiii
  proxy_set_property iiii · proxy_get_property iiii · proxy_send_local_response iiiiiiii
  proxy_get_shared_data iiiii · proxy_set_shared_data iiiii
  proxy_register_shared_queue iii · proxy_resolve_shared_queue iiiii · proxy_dequeue_shared_queue iii · proxy_enqueue_shared_queue iii
  proxy_get_header_map_value iiiii · proxy_add_header_map_value iiiii · proxy_replace_header_map_value iiiii
  proxy_remove_header_map_value iii · proxy_get_header_map_pairs iii · proxy_set_header_map_pairs iii · proxy_get_header_map_size ii
  proxy_get_buffer_status iii · proxy_get_buffer_bytes iiiii · proxy_set_buffer_bytes iiiii
  proxy_http_call iiiiiiiiii · proxy_grpc_call iiiiiiiiiiii · proxy_grpc_stream iiiiiiiii
  proxy_grpc_close i · proxy_grpc_cancel i · proxy_grpc_send iiii
  proxy_set_tick_period_milliseconds i · proxy_get_current_time_nanoseconds i
  proxy_define_metric iiii · proxy_increment_metric iI · proxy_record_metric iI · proxy_get_metric ii
  pthread_equal ii · envoy_resolve_dns iii`;

const WASI_FIRST = `
  fd_write iiii · fd_read iiii · fd_seek iIii · fd_close i · fd_fdstat_get ii · environ_get ii · environ_sizes_get ii
  args_get ii · args_sizes_get ii`;

const WASI_LAST = `
  clock_res_get ii · fd_advise iIIi · fd_allocate iII · fd_datasync i · fd_fdstat_set_rights iII · fd_filestat_get ii
  fd_filestat_set_size iI · fd_filestat_set_times iIIi · fd_pread iiiIi · fd_pwrite iiiIi · fd_readdir iiiIi · fd_renumber ii
  fd_sync i · fd_tell ii · path_create_directory iii · path_filestat_get iiiii · path_filestat_set_times iiiiIIi
  path_link iiiiii · path_readlink iiiiii · path_remove_directory iii · path_rename iiiiii · path_symlink iiii
  path_unlink_file iii · sock_accept iii · sock_recv iiiiii · sock_send iiiii · sock_shutdown ii`;

/**
 * Everything that Envoy's host gives to a filter. Source of names, types and ABI versions: proxy-wasm-cpp-host,
 * include/proxy-wasm/exports.h and src/wasm.cc (`registerCallbacks`), and Envoy's source/extensions/common/wasm/wasm.cc.
 * The Envoy versions of the WASI functions are those of the host that Envoy took in:
 * 17 proxy-wasm-cpp-host of 2020-10 · 21 that of 2021-11-18 (envoyproxy/envoy#19074, merged before 1.21.0)
 * 33 Envoy's release notes of 1.33.0 · 39 envoyproxy/envoy#45756, tried: 1.38.2 lacks them, 1.39.0 has them.
 * Where a version is uncertain (21 and 23) the earliest possible one stands here, so that nothing is refused wrongly.
 * `path_link` and `path_symlink` take one parameter less than WASI says: Envoy's own mistake, tried as well.
 */
export const HOST_FUNCTIONS: readonly HostFunction[] = [
  ...table(PROXY, ['env']),
  ...table('proxy_get_configuration ii · proxy_continue_request · proxy_continue_response · proxy_clear_route_cache', [
    'env',
  ]).map((entry) => ({ ...entry, abis: ['0.1.0'] as const })),
  ...table('proxy_continue_stream i · proxy_close_stream i', ['env']).map((entry) => ({
    ...entry,
    abis: ['0.2.0', '0.2.1'] as const,
  })),
  ...table('proxy_get_log_level i', ['env']).map((entry) => ({ ...entry, abis: ['0.2.1'] as const })),
  // Part of the host since 2022-06.
  ...table('emscripten_notify_memory_growth i', ['env'], 23).map((entry) => ({ ...entry, results: [] })),
  ...table(WASI_FIRST, WASI),
  ...table('proc_exit i', WASI).map((entry) => ({ ...entry, results: [] })),
  ...table('clock_time_get iIi · random_get ii', WASI, 17),
  ...table('path_open iiiiiIIii · fd_prestat_get ii · fd_prestat_dir_name iii', WASI, 21),
  ...table('fd_fdstat_set_flags ii · sched_yield · poll_oneoff iiii', WASI, 33),
  ...table(WASI_LAST, WASI, 39),
];

/** The host function behind an import; `undefined` if no known Envoy has one of this name. */
export function findHostFunction(module: string, name: string): HostFunction | undefined {
  return HOST_FUNCTIONS.find((entry) => entry.name === name && entry.modules.includes(module));
}

function table(lines: string, modules: readonly string[], since = 0): HostFunction[] {
  return lines
    .split(/[·\n]/)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map((entry) => {
      const [name = '', params = ''] = entry.split(' ');
      return { name, modules, abis: ABI_VERSIONS, since, ...signature(params) };
    });
}
