import { digestProblem } from '../../../src/action/request/origin.ts';
import { type TriedFilter, trialFinding } from '../../../src/deploy/preflight/trial-problem.ts';
import { checkCompatibility } from '../../../src/filter/compatibility/compatibility.ts';
import { readFacts } from '../../../src/filter/module/facts.ts';
import { loadFilter } from '../../../src/filter/module/load.ts';
import { checkModule, digestOf, type FilterModule, MAX_CONFIG_MAP_BYTES } from '../../../src/filter/module/module.ts';
import { requireFit } from '../../../src/filter/shrink/shrink.ts';
import type { TrialVerdict } from '../../../src/filter/trial/verdict.ts';
import { type Entry, ofFailure, ofProblem, type Section } from './entry.ts';

const PATH = 'build/add-header.wasm';
const ORIGIN = `filter "${PATH}"`;
const MAGIC = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/** The file is no filter, or none that can be delivered. */
export async function filterFiles(): Promise<Section> {
  const missing = () => Promise.reject(Object.assign(new Error('no such file or directory'), { code: 'ENOENT' }));
  const { digest } = moduleOf([...MAGIC]);
  return {
    title: 'Job summary: the filter file',
    intro: [
      'Found before anything is written. What the checks say of a module that Envoy would reject is in [Toolchains](toolchains.md), with what',
      'to do for each toolchain.',
    ].join('\n'),
    entries: [
      ofFailure('cannot be read: there is no such file', await loadFilter(PATH, missing)),
      ofFailure('is empty', checkModule(new Uint8Array(), ORIGIN)),
      notAModule('it is gzip-compressed', Uint8Array.of(0x1f, 0x8b)),
      notAModule('it is a Git LFS pointer', Buffer.from('version https://git-lfs.github.com/spec/v1')),
      notAModule('it is an HTML page, often a failed download', Buffer.from('<!doctype html>')),
      notAModule('it is a native program, compiled for another target', Buffer.from('\x7fELF')),
      notAModule(
        'is a WebAssembly component; Proxy-Wasm needs a core module',
        Uint8Array.of(0, 0x61, 0x73, 0x6d, 13, 0, 1, 0),
      ),
      incompatible('is WebAssembly, but not a Proxy-Wasm filter', MAGIC),
      incompatible('is built for a browser', [...MAGIC, ...FUNCTION_TYPE, ...BROWSER_IMPORT]),
      ofFailure('is not a valid WebAssembly module', readFacts(Uint8Array.of(...MAGIC, 1, 1), ORIGIN)),
      ofFailure(
        'a ConfigMap holds at most 1 MiB',
        requireFit(moduleOf(new Array(2 * MAX_CONFIG_MAP_BYTES).fill(0)), {
          mode: 'off',
          origin: ORIGIN,
        }),
      ),
      ofProblem(
        'but "sha256" requires',
        digestProblem(digest, { kind: 'file', given: PATH }, digestOf(Uint8Array.of(0))),
      ),
    ],
  };
}

function notAModule(says: string, bytes: Uint8Array): Entry {
  return ofFailure(says, checkModule(bytes, ORIGIN));
}

/** The type of a function without parameters and results, and an import of one that wasm-bindgen makes. */
const FUNCTION_TYPE = [1, 4, 1, 0x60, 0, 0];
const IMPORT = [...named('wbg'), ...named('__wbindgen_throw'), 0, 0];
const BROWSER_IMPORT = [2, IMPORT.length + 1, 1, ...IMPORT];

function named(name: string): number[] {
  return [name.length, ...Buffer.from(name)];
}

/** What every Envoy rejects when it loads the module. */
function incompatible(says: string, bytes: readonly number[]): Entry {
  const facts = readFacts(Uint8Array.from(bytes), ORIGIN);
  if (!facts.ok) throw new Error(`A module that "${says}" cannot be read`);
  const { problems } = checkCompatibility(facts.value, [], { origin: ORIGIN });
  return ofProblem(
    says,
    problems.find(({ message }) => message.includes(says)),
  );
}

function moduleOf(bytes: readonly number[]): FilterModule {
  return { bytes: Uint8Array.from(bytes), digest: digestOf(Uint8Array.from(bytes)) };
}

const TRIED: TriedFilter = { rootId: 'add-header', toolchain: 'AssemblyScript', written: { filter: 'add-header' } };

/** The filter fails in the trial run. */
export function trials(): Section {
  return {
    title: 'Job summary: the trial run',
    intro: [
      'Before anything is written, the filter is started on the runner as Envoy would start it, with its own configuration, and gets one',
      'request. What fails there would fail in every proxy.',
    ].join('\n'),
    entries: [
      refused('rejects its configuration', 'configure', 'proxy_on_configure returned false.', [
        'error: the header is missing',
      ]),
      refused(
        'Missing root context factory for root id',
        'vm-start',
        'proxy_on_context_create ended in "unreachable" after proc_exit(255)',
        ['critical: Missing root context factory for root id: add-header at: ~lib/runtime.ts(991:5)'],
      ),
      refused('fails to start', 'vm-start', 'proxy_on_vm_start returned false.'),
      refused(
        'fails as soon as it starts',
        'start',
        '_start ended in "it calls proc_exit, which Envoy forbids while a module starts"',
      ),
      refused('cannot be linked', 'link', 'missing import: env.my_function'),
      refused(
        'cannot be compiled',
        'compile',
        'WebAssembly.Module(): length overflow while decoding section length @+128',
      ),
      tried('would crash the whole proxy', {
        state: 'crashed',
        step: 'start',
        reason: 'Envoy looks into the memory of the filter, which exports none',
        logs: [],
      }),
    ],
  };
}

type RefusedStep = Extract<TrialVerdict, { readonly state: 'refused' }>['step'];

function refused(says: string, step: RefusedStep, reason: string, logs: readonly string[] = []): Entry {
  return tried(says, { state: 'refused', step, reason, logs });
}

function tried(says: string, verdict: TrialVerdict): Entry {
  return ofProblem(says, trialFinding(verdict, ORIGIN, undefined, TRIED).problem);
}
