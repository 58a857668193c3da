import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Workload } from '../../../src/cluster/objects.ts';
import { countWrites, makePlan } from '../../../src/deploy/plan.ts';
import { deployRequest, filterRequest, must, observationOf, revision, workload } from '../builders.ts';
import { carryOut } from './carry-out.ts';

describe('whatever is there at first', () => {
  const name = fc.constantFrom('data', 'tmp', 'wasm-filter-add-header', 'wasm-filter-other');
  const source = fc.constantFrom<object>(
    { emptyDir: {} },
    { configMap: { name: 'add-header-0123456789' } },
    { configMap: { name: 'x' } },
  );
  const mount = fc.record({
    mountPath: fc.constantFrom(
      '/data',
      '/tmp/',
      '/var/local/lib/wasm-filters/other',
      '/var/local/lib/wasm-filters/add-header',
    ),
  });
  const list = (entry: fc.Arbitrary<object>): fc.Arbitrary<string> =>
    fc
      .oneof(
        { weight: 5, arbitrary: fc.uniqueArray(fc.tuple(name, entry), { selector: ([own]) => own, maxLength: 3 }) },
        { weight: 1, arbitrary: fc.constantFrom(null, 'text', 5) },
      )
      .chain((entries) => {
        if (!Array.isArray(entries)) return fc.constant(JSON.stringify(entries));
        const array = JSON.stringify(entries.map(([own, rest]) => ({ name: own, ...rest })));
        return fc.constantFrom(array, JSON.stringify(Object.fromEntries(entries), null, 2));
      });
  const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
  const id = fc.constantFrom('0123456789', revision().id, 'odd');
  const start = fc.record({
    volumes: optional(list(source)),
    mounts: optional(list(mount)),
    label: optional(id),
    state: optional(
      fc.oneof(
        fc.string(),
        id.map((of) => `{"add-header":{"revision":"${of}","run":"r"},"x":{"revision":"1","run":"s"}}`),
      ),
    ),
    other: fc.dictionary(fc.constantFrom('a', 'b', 'sidecar.istio.io/inject'), fc.string(), { noNullPrototype: true }),
  });

  function begin(
    at: number,
    { volumes, mounts, label, state, other }: typeof start extends fc.Arbitrary<infer T> ? T : never,
  ): Workload {
    const defined = (entries: Record<string, string | undefined>): Record<string, string> =>
      JSON.parse(JSON.stringify(entries));
    return workload(`w${at}`, {
      annotations: defined({ ...other, 'deploy-wasm-filter/state': state }),
      podLabels: defined({ 'deploy-wasm-filter/add-header': label }),
      podAnnotations: defined({
        ...other,
        'sidecar.istio.io/userVolume': volumes,
        'sidecar.istio.io/userVolumeMount': mounts,
      }),
    });
  }

  test('a plan that was carried out leaves nothing to write, and nothing of others changed', () => {
    let planned = 0;
    fc.assert(
      fc.property(fc.array(start, { minLength: 1, maxLength: 3 }), fc.boolean(), (starts, two) => {
        const workloads = Object.fromEntries(starts.map((one, at) => [`shop/deploy/w${at}`, begin(at, one)]));
        const targets = starts
          .map((_, at) => `- {kind: deploy, name: w${at}${at === 1 ? ', port: 80' : ''}}`)
          .join('\n');
        const filters = [filterRequest(targets), ...(two ? [filterRequest(targets, { name: 'second' })] : [])];
        const request = deployRequest(...filters);
        const plan = makePlan(request, observationOf({ workloads }));
        if (!plan.ok) return;
        planned++;
        const then = carryOut(plan.value, { workloads });
        expect(countWrites(must(makePlan({ ...request, run: 'o/r/2/1' }, observationOf(then))))).toBe(0);
        starts.forEach(({ other }, at) => {
          const { metadata, spec } = then.workloads[`shop/deploy/w${at}`] as Workload;
          expect(metadata.annotations).toMatchObject(other);
          expect(spec?.template?.metadata?.annotations).toMatchObject(other);
          expect(spec?.template?.metadata?.labels).toMatchObject({ app: `w${at}` });
        });
      }),
      { numRuns: 200 },
    );
    expect(planned).toBeGreaterThan(20);
  });
});
