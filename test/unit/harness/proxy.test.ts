import { describe, expect, test } from '@jest/globals';
import { askAdmin, prometheusStats } from '../../harness/sidecar/admin.ts';
import type { FilterChange } from '../../harness/sidecar/filter-history.ts';
import { type ProxyState, replay } from '../../harness/sidecar/proxy.ts';
import { wasmFiltersOf } from '../../harness/sidecar/wasm.ts';
import { envoyFilter, podWith, wasmPatch } from './builders.ts';

const START = { version: 100, at: 1_000 };
const LATER = 10_000;

/** A version of the one EnvoyFilter; without a configuration its deletion. */
function change(version: number, seenAt: number, configuration?: string, context = 'SIDECAR_INBOUND'): FilterChange {
  const object =
    configuration === undefined
      ? undefined
      : envoyFilter('a', [wasmPatch('a', { context, configuration })], { version });
  return { name: 'a', version, seenAt, object };
}

function play(annotations: Record<string, string>, changes: readonly FilterChange[], now = LATER): ProxyState {
  return replay(podWith(annotations), START, changes, () => 'wasm', now);
}

/** The configurations that serve at port 9080, the details of the error, the counts of accepted and rejected updates. */
function summary({ listeners, accepted, rejected }: ProxyState): unknown[] {
  const inbound = listeners.find(({ name }) => name === 'virtualInbound');
  const chain = inbound?.active?.filter_chains.find(
    ({ filter_chain_match: match }) => match?.destination_port === 9080,
  );
  const serving = chain === undefined ? 'nothing' : wasmFiltersOf(chain).map(({ configuration }) => configuration);
  return [serving, inbound?.error?.details, accepted, rejected];
}

const REFUSAL = 'Unable to create Wasm plugin a';

describe('what a proxy took', () => {
  test.each<[string, Record<string, string>, readonly FilterChange[], unknown[]]>([
    ['nothing to take', {}, [], [[], undefined, 1, 0]],
    ['a filter from its start on', {}, [change(10, 10, 'good')], [['good'], undefined, 1, 0]],
    ['a filter that came later', {}, [change(110, 2_000, 'good')], [['good'], undefined, 2, 0]],
    [
      'new settings, then the old ones, then none',
      {},
      [change(10, 10, 'one'), change(110, 2_000, 'two'), change(120, 3_000, 'one'), change(130, 4_000)],
      [[], undefined, 4, 0],
    ],
    ['a refused filter in a new pod', { 'sim/refuses': 'bad' }, [change(10, 10, 'bad')], ['nothing', REFUSAL, 0, 1]],
    [
      'a refused filter in a running proxy',
      { 'sim/refuses': 'bad' },
      [change(10, 10, 'good'), change(110, 2_000, 'bad')],
      [['good'], REFUSAL, 1, 1],
    ],
    [
      'a second refused one',
      { 'sim/refuses': 'bad' },
      [change(10, 10, 'good'), change(110, 2_000, 'bad'), change(120, 3_000, 'bad, too')],
      [['good'], REFUSAL, 1, 2],
    ],
    [
      'a refused one that was put back',
      { 'sim/refuses': 'bad' },
      [change(10, 10, 'good'), change(110, 2_000, 'bad'), change(120, 3_000, 'good')],
      [['good'], undefined, 2, 1],
    ],
    [
      'a new pod whose filter was fixed',
      { 'sim/refuses': 'bad' },
      [change(10, 10, 'bad'), change(110, 2_000, 'good')],
      [['good'], undefined, 1, 1],
    ],
    [
      'a version from before the start, though it was learned of later',
      { 'sim/refuses': 'bad' },
      [change(99, 1_001, 'bad')],
      ['nothing', REFUSAL, 0, 1],
    ],
    [
      'a version from after the start, though it was learned of at once',
      { 'sim/refuses': 'bad' },
      [change(101, 1_000, 'bad')],
      [[], REFUSAL, 1, 1],
    ],
  ])('%s', (_case, annotations, changes, expected) => {
    expect(summary(play(annotations, changes))).toEqual(expected);
  });

  test('the mesh takes its time when it is told so', () => {
    const annotations = { 'sim/xds-delay-ms': '500' };
    expect(summary(play(annotations, [change(110, 2_000, 'good')], 2_499))).toEqual([[], undefined, 1, 0]);
    expect(summary(play(annotations, [change(110, 2_000, 'good')], 2_500))).toEqual([['good'], undefined, 2, 0]);
    // A pod that starts in between does not have it from the start.
    expect(summary(play(annotations, [change(90, 900, 'good')], 1_399))).toEqual([[], undefined, 1, 0]);
    expect(summary(play(annotations, [change(90, 900, 'good')], 1_400))).toEqual([['good'], undefined, 2, 0]);
  });

  test('a filter for one direction is refused for that listener alone', () => {
    const { listeners } = play({ 'sim/refuses': 'bad' }, [change(10, 10, 'bad', 'SIDECAR_OUTBOUND')]);
    expect(listeners.map(({ name, active, error }) => [name, active !== undefined, error?.details])).toEqual([
      ['virtualInbound', true, undefined],
      ['0.0.0.0_80', false, REFUSAL],
    ]);
  });

  test.each([
    ['absent', 'Invalid path: /wasm/a.wasm'],
    ['other', REFUSAL],
    ['wasm', undefined],
  ] as const)('a file that is %s: %s', (content, details) => {
    const state = replay(podWith(), START, [change(10, 10, 'good')], () => content, LATER);
    expect(summary(state)[1]).toBe(details);
  });
});

describe('what the admin interface says', () => {
  const refused = play({ 'sim/refuses': 'bad' }, [change(10, 10, 'good'), change(110, 2_000, 'bad')]);
  const dump = (state: ProxyState): { configs: readonly Record<string, unknown>[] } =>
    JSON.parse(askAdmin(state, 'config_dump?resource=dynamic_listeners').body);

  test('a listener that was refused has the old one beside the error', () => {
    expect(dump(refused).configs[0]).toMatchObject({
      '@type': 'type.googleapis.com/envoy.admin.v3.ListenersConfigDump.DynamicListener',
      name: 'virtualInbound',
      active_state: { listener: { name: 'virtualInbound', filter_chains: expect.anything() } },
      error_state: { details: REFUSAL, last_update_attempt: '1970-01-01T00:00:02.000Z' },
    });
    expect(JSON.stringify(dump(refused).configs[0]?.active_state)).not.toContain('bad');
  });

  test('one that never had another has only the error', () => {
    const [inbound] = dump(play({ 'sim/refuses': 'bad' }, [change(10, 10, 'bad')])).configs;
    expect(Object.keys(inbound ?? {})).toEqual(['@type', 'name', 'error_state']);
  });

  test('its stats count updates', () => {
    expect(prometheusStats(refused)).toContain(
      '# TYPE envoy_listener_manager_lds_update_rejected counter\nenvoy_listener_manager_lds_update_rejected{} 1\n',
    );
    expect(prometheusStats(refused)).toContain('envoy_listener_manager_lds_update_success{} 1\n');
    expect(prometheusStats(refused)).not.toContain('wasm');
    expect(askAdmin(refused, 'stats?filter=wasm').body).toBe('wasm.envoy.wasm.runtime.v8.active: 2\n');
  });

  test.each(['nothing', 'config_dump?resource=nothing'])('%s is not found', (path) => {
    expect(askAdmin(refused, path).status).toBe(404);
  });
});
