import fc from 'fast-check';
import type { Workload } from '../../../src/cluster/objects.ts';
import { revision, workload } from '../builders.ts';

/** What a drawn workload is like before any run. */
export interface Start {
  readonly volumes: string | undefined;
  readonly mounts: string | undefined;
  /** Our label. */
  readonly label: string | undefined;
  /** Our state. */
  readonly state: string | undefined;
  /** Annotations of others, of the workload and of its pod template. */
  readonly other: Readonly<Record<string, string>>;
}

const name = fc.constantFrom('data', 'tmp', 'wasm-filter-add-header', 'wasm-filter-other');
const source = fc.constantFrom<object>(
  { emptyDir: {} },
  { configMap: { name: 'add-header-0123456789' } },
  { configMap: { name: 'x' } },
);
interface Mount {
  readonly mountPath: string;
}
const mount: fc.Arbitrary<Mount> = fc.record({
  mountPath: fc.constantFrom(
    '/data',
    '/tmp/',
    '/var/local/lib/wasm-filters/other',
    '/var/local/lib/wasm-filters/add-header',
  ),
});
/** Kubernetes takes no two volumes of one name, and no two mounts at one path. */
const list = <T extends object>(entry: fc.Arbitrary<T>, same: (entry: T) => unknown): fc.Arbitrary<string> =>
  fc
    .oneof(
      {
        weight: 5,
        arbitrary: fc.uniqueArray(fc.tuple(name, entry), {
          comparator: ([a, one], [b, other]) => a === b || same(one) === same(other),
          maxLength: 3,
        }),
      },
      { weight: 1, arbitrary: fc.constantFrom(null, 'text', 5) },
    )
    .chain((entries) => {
      if (!Array.isArray(entries)) return fc.constant(JSON.stringify(entries));
      const array = JSON.stringify(entries.map(([own, rest]) => ({ name: own, ...rest })));
      return fc.constantFrom(array, JSON.stringify(Object.fromEntries(entries), null, 2));
    });
const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const id = fc.constantFrom('0123456789', revision().id, 'odd');

/** Workloads with volumes of others, remains of ours, and values that nobody can read. */
export const anyStart: fc.Arbitrary<Start> = fc.record({
  volumes: optional(list(source, (entry) => entry)),
  mounts: optional(list(mount, ({ mountPath }) => mountPath)),
  label: optional(id),
  state: optional(
    fc.oneof(
      fc.string(),
      id.map((of) => `{"add-header":{"revision":"${of}","run":"r"},"x":{"revision":"1","run":"s"}}`),
    ),
  ),
  other: fc.dictionary(fc.constantFrom('a', 'b', 'sidecar.istio.io/inject'), fc.string(), { noNullPrototype: true }),
});

/** The workload of a start. */
export function workloadFrom(at: string, { volumes, mounts, label, state, other }: Start): Workload {
  return workload(at, {
    annotations: defined({ ...other, 'deploy-wasm-filter/state': state }),
    podLabels: defined({ 'deploy-wasm-filter/add-header': label }),
    podAnnotations: defined({
      ...other,
      'sidecar.istio.io/userVolume': volumes,
      'sidecar.istio.io/userVolumeMount': mounts,
    }),
  });
}

function defined(entries: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return JSON.parse(JSON.stringify(entries));
}
