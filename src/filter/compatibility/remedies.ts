import { type KnownToolchain, TOOLCHAINS, type Toolchain } from '../module/toolchain.ts';

/** Why Envoy would refuse a module: one cause is fixed in one place. */
export type IncompatibilityCause =
  | 'abi'
  | 'memory'
  | 'allocator'
  | 'crash'
  | 'globals'
  | 'newer'
  | 'other-abi'
  | 'type'
  | 'browser'
  | 'emscripten'
  | 'abort'
  | 'wasi'
  | 'unknown'
  | 'signature'
  /** Nothing is wrong with it but that it is too big. */
  | 'size';

type Advice = Partial<Readonly<Record<Toolchain, string>>> & { readonly unknown: string };

const ABORT = '--use abort=abort_proc_exit';
const SHIM = '--config node_modules/@assemblyscript/wasi-shim/asconfig.json';

/** The command that builds a filter, as each SDK has it; that of C++ lacks the sources and "-o filter.wasm". */
export const BUILD_COMMANDS: Readonly<Record<KnownToolchain, string>> = {
  Rust: 'cargo build --release --target wasm32-wasip1',
  Go: 'GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o filter.wasm .',
  TinyGo: 'tinygo build -o filter.wasm -scheduler=none -target=wasi',
  AssemblyScript: `npx asc assembly/index.ts --outFile filter.wasm --optimize ${ABORT} ${SHIM}`,
  'C++': 'em++ --no-entry -sSTANDALONE_WASM -sEXPORTED_FUNCTIONS=_malloc --js-library proxy_wasm_intrinsics.js',
};

/** How a filter is built that has everything: marker, allocator, memory, callbacks. Sources: the SDKs' own READMEs and examples. */
const BUILD: Advice = {
  Rust: `Rust: set crate-type = ["cdylib"], use the crate proxy-wasm 0.2 or newer with proxy_wasm::main!, and build with "${BUILD_COMMANDS.Rust}".`,
  TinyGo: `TinyGo: build the main package that uses the Proxy-Wasm Go SDK with "${BUILD_COMMANDS.TinyGo}".`,
  Go: `Go 1.24 or newer: "${BUILD_COMMANDS.Go}" with github.com/proxy-wasm/proxy-wasm-go-sdk; it needs Envoy 1.33 (Istio 1.25).`,
  AssemblyScript: `AssemblyScript: the entry file must say export * from "@gcoredev/proxy-wasm-sdk-as/assembly/proxy" (or "@solo-io/proxy-runtime/proxy"), and asc needs "${ABORT}".`,
  'C++': `C++: link with the Proxy-Wasm C++ SDK: "${BUILD_COMMANDS['C++']}".`,
  unknown:
    'Build it with a Proxy-Wasm SDK (Rust, Go, TinyGo, AssemblyScript, C++) and the flags that the SDK asks for.',
};

/** Only these toolchains import what these two are about, also where nothing else tells which it was. */
const EMSCRIPTEN =
  'Link with -sSTANDALONE_WASM and --no-entry, without C++ exceptions (-fno-exceptions), threads and JavaScript glue; the output has to end in .wasm.';
const ASSEMBLY_SCRIPT = `Call asc with "${ABORT}" and "${SHIM}", and leave out what needs JavaScript (console, trace, seed, Date).`;

const ADVICE: Readonly<Record<IncompatibilityCause, Advice>> = {
  abi: BUILD,
  allocator: BUILD,
  memory: BUILD,
  browser: {
    Rust: 'A crate brings wasm-bindgen in, which is for browsers: turn that feature off (chrono: default-features = false without "wasmbind"; getrandom: without "js"), or build with "--target wasm32-wasip1". "cargo tree -i wasm-bindgen" names the crate.',
    TinyGo: `Build for WASI, not for browsers: "${BUILD_COMMANDS.TinyGo}".`,
    Go: `Build for WASI, not for browsers: "${BUILD_COMMANDS.Go}" with Go 1.24 or newer.`,
    unknown: 'Build for WASI preview 1, not for browsers.',
  },
  emscripten: { 'C++': EMSCRIPTEN, unknown: EMSCRIPTEN },
  abort: { AssemblyScript: ASSEMBLY_SCRIPT, unknown: ASSEMBLY_SCRIPT },
  wasi: {
    Rust: 'Build for "wasm32-wasip1" (WASI preview 1), and avoid files, processes, threads and sockets: a filter has only what the proxy-wasm crate offers.',
    unknown:
      'Build for WASI preview 1, and avoid files, processes, threads and sockets in the filter and its libraries.',
  },
  newer: {
    Rust: 'Upgrade Istio, or remove what calls these functions: std::fs, std::net, std::thread::sleep; proxy_wasm::hostcalls offers time, logs and HTTP calls.',
    TinyGo:
      'Upgrade Istio, or build with -scheduler=none and without packages that touch files, sockets or sleep (os, net, and libraries that use them).',
    Go: `Upgrade Istio, or build the filter with TinyGo ("${BUILD_COMMANDS.TinyGo}"): Go's own compiler always needs these.`,
    unknown: 'Upgrade Istio, or remove what calls these functions: files, sockets, sleeping.',
  },
  'other-abi': {
    Rust: 'Let all code use one version of the crate proxy-wasm (0.2 or newer).',
    AssemblyScript: 'Let all code use one SDK; @gcoredev/proxy-wasm-sdk-as is for ABI 0.2.1.',
    unknown: 'Let all code use one version of one Proxy-Wasm SDK.',
  },
  type: {
    Rust: 'Use the crate proxy-wasm 0.2 or newer instead of own declarations; of WASI, std::fs::hard_link and symlink cannot be used.',
    unknown:
      'Use an SDK that is made for this ABI version; of WASI, path_link and path_symlink cannot be used in Envoy.',
  },
  globals: {
    'C++': 'Link as a module of its own, not as a library: without -sSIDE_MODULE, -sMAIN_MODULE and -shared.',
    unknown: 'Link as a module of its own: no dynamic linking, no globals from outside.',
  },
  crash: {
    unknown:
      'Build without exception handling, SIMD in signatures, and garbage-collected types among the imports and exports of the module.',
  },
  signature: {
    Rust: 'Leave the callbacks to the traits of the crate proxy-wasm 0.2 or newer.',
    AssemblyScript:
      'Leave the callbacks to the SDK: @gcoredev/proxy-wasm-sdk-as for ABI 0.2.1, @solo-io/proxy-runtime for 0.2.0.',
    unknown: 'Use an SDK whose ABI version fits the marker that the module exports.',
  },
  size: {
    Rust: 'Rust: in [profile.release] of Cargo.toml set opt-level = "z", lto = true, codegen-units = 1 and strip = true.',
    TinyGo: 'TinyGo: build with "-opt=z -no-debug", and leave out packages that bring reflection (fmt, encoding/json).',
    Go: 'Go: build with -ldflags="-s -w"; TinyGo makes modules that are several times smaller.',
    AssemblyScript: 'AssemblyScript: call asc with -Oz and --noAssert, without --debug and --sourceMap.',
    'C++': 'C++: compile and link with -Oz and -flto, without -g, exceptions and iostream.',
    unknown: 'Compile for size, with link-time optimisation and without debug information.',
  },
  unknown: {
    unknown:
      'Find what imports it ("wasm-objdump -x -j Import" lists imports) and leave it out, or link it into the module: Envoy has no such function.',
  },
};

/** What to do about a cause, for a module of this toolchain. */
export function remedyFor(cause: IncompatibilityCause, toolchain: Toolchain): string {
  const advice = ADVICE[cause];
  return advice[toolchain] ?? advice.unknown;
}

/** The toolchains of which a remedy for this cause speaks in particular. */
export function toolchainsOf(cause: IncompatibilityCause): KnownToolchain[] {
  return TOOLCHAINS.filter((toolchain) => ADVICE[cause][toolchain] !== undefined);
}
