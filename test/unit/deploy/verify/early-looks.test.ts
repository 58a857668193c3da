import { describe, expect, test } from '@jest/globals';
import { silentLog } from '../../../../src/base/log.ts';
import type { Client } from '../../../../src/cluster/client.ts';
import type { Pod } from '../../../../src/cluster/objects.ts';
import type { DeployContext } from '../../../../src/deploy/context.ts';
import type { VerifiableWorkload } from '../../../../src/deploy/plan/wanted-place.ts';
import { EarlyLooks } from '../../../../src/deploy/verify/early-looks.ts';
import { type PodVerdict, pending, failed as rejected } from '../../../../src/deploy/verify/pod-verdict.ts';
import { Verifier } from '../../../../src/deploy/verify/verifier.ts';
import { podRevisionOf } from '../../../../src/mesh/identity/revision.ts';
import { pluginOf } from '../../../../src/mesh/objects/wasm-plugin.ts';
import { pulledRevision, refOf, workload } from '../../builders.ts';

const REF = refOf('shop/deploy/reviews');
const REVISION = pulledRevision();
const CARRIED = podRevisionOf(REVISION);
const WORKLOAD: VerifiableWorkload = {
  ref: REF,
  observed: workload('reviews'),
  revisions: [{ revision: REVISION, podRevision: CARRIED }],
};
const VERIFIED: PodVerdict = { state: 'verified', level: 'listener' };
const PENDING = pending(REF, 'the proxy has nothing yet');
const REJECTED = rejected(REF, 'Envoy rejects it.', 'Correct it.');
const POD: Pod = {
  metadata: {
    name: 'reviews-0',
    uid: '1',
    labels: { 'deploy-wasm-filter/add-header': REVISION.id, 'pod-template-hash': '7f' },
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'reviews-7f', controller: true }],
  } as Pod['metadata'],
  spec: { containers: [{ name: 'istio-proxy' }] } as NonNullable<Pod['spec']>,
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
};
const OTHER: Pod = { ...POD, metadata: { ...POD.metadata, name: 'reviews-1', uid: '2' } };

/** What a look that began at 0 ms counts for, at a time and for a pod. */
async function counted(
  look: PodVerdict | 'breaks',
  { at = 0, of = POD, by = WORKLOAD, over = true } = {},
): Promise<PodVerdict | undefined> {
  const clock = { ms: 0 };
  const ends = Promise.withResolvers<PodVerdict>();
  const looks = new EarlyLooks({ inspect: () => ends.promise, now: () => clock.ms, parallel: 1 });
  looks.begin(WORKLOAD, async () => [POD]);
  const end = (): void => (look === 'breaks' ? ends.reject(new Error('the connection broke')) : ends.resolve(look));
  if (over) {
    end();
    await new Promise(setImmediate);
  }
  clock.ms = at;
  const verdict = looks.take(by, 100)(of);
  if (!over) {
    await new Promise(setImmediate);
    end();
  }
  return verdict;
}

describe('a look before the rollout was over', () => {
  test.each<[string, PodVerdict | 'breaks', Parameters<typeof counted>[1], PodVerdict | undefined]>([
    ['counts where it has verified the pod', VERIFIED, {}, VERIFIED],
    ['counts no longer than it may', VERIFIED, { at: 100 }, undefined],
    ['says nothing of another pod', VERIFIED, { of: OTHER }, undefined],
    ['says nothing of other revisions', VERIFIED, { by: { ...WORKLOAD, revisions: [] } }, undefined],
    ['is taken again where it found nothing', PENDING, {}, undefined],
    ['is taken again where it found a fault', REJECTED, {}, undefined],
    ['is taken again where it broke', 'breaks', {}, undefined],
    ['is waited for where it is under way', VERIFIED, { over: false }, VERIFIED],
    ['is taken again where it was under way and found nothing', PENDING, { over: false }, undefined],
    ['is taken again where only the log was silent', { state: 'verified', level: 'stats' }, {}, undefined],
    ['is taken again where only the pod was ready', { state: 'verified', level: 'ready' }, {}, undefined],
    ['is taken again where it was under way and found a fault', REJECTED, { over: false }, undefined],
    ['is taken again where it was under way and broke', 'breaks', { over: false }, undefined],
  ])('%s', async (_, look, when, expected) => {
    expect(await counted(look, when)).toEqual(expected);
  });

  test('is not waited for much longer where the pods are not even listed', async () => {
    const looks = new EarlyLooks({ inspect: async () => VERIFIED, now: () => 0, parallel: 1 });
    looks.begin(WORKLOAD, () => new Promise(() => undefined));
    expect(await looks.take(WORKLOAD, 100)(POD)).toBeUndefined();
  });

  test('counts once', async () => {
    const looks = new EarlyLooks({ inspect: async () => VERIFIED, now: () => 0, parallel: 1 });
    looks.begin(WORKLOAD, async () => [POD]);
    const taken = looks.take(WORKLOAD, 100);
    expect([await taken(POD), await taken(POD)]).toEqual([VERIFIED, undefined]);
    expect(await looks.take(WORKLOAD, 100)(POD)).toBeUndefined();
  });
});

/** A proxy that has the filter, and a count of the commands in it that run at once and in all. */
function proxy(): {
  readonly context: DeployContext;
  readonly commands: string[];
  most: number;
  pass(byMs: number): void;
} {
  const plugin = `extensions.istio.io/wasmplugin/${pluginOf('shop', CARRIED as never)}`;
  const manager = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    http_filters: [{ name: plugin, config_discovery: {} }],
  };
  const listener = {
    name: 'virtualInbound',
    traffic_direction: 'INBOUND',
    filter_chains: [{ filter_chain_match: { destination_port: 80 }, filters: [{ typed_config: manager }] }],
  };
  const wasm = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm',
    config: { configuration: { value: REVISION.settings.configuration } },
  };
  const dumps: Readonly<Record<string, object>> = {
    dynamic_listeners: { configs: [{ name: 'virtualInbound', active_state: { listener } }] },
    ecds_filters: { configs: [{ ecds_filter: { name: plugin, typed_config: wasm } }] },
  };
  let ms = 0;
  const pass = (byMs: number): void => {
    ms += byMs;
  };
  const made = { context: {} as DeployContext, commands: [] as string[], most: 0, pass };
  let running = 0;
  const client: Client = {
    list: async () => ({ items: [POD] }),
    podLog: async () => '',
    exec: async (_namespace: string, _pod: string, _container: string, command: readonly string[]) => {
      const part = command.at(-1)?.replace(/^.*=/, '') ?? '';
      made.commands.push(part);
      made.most = Math.max(made.most, ++running);
      await new Promise(setImmediate);
      running--;
      return { stdout: JSON.stringify(dumps[part]), stderr: '', exitCode: 0 };
    },
    patience: { waited: () => undefined },
    during: () => client,
  } as unknown as Client;
  const signal = new AbortController().signal;
  const now = (): number => (ms += 1_000);
  return Object.assign(made, { context: { client, log: silentLog, signal, now, date: () => new Date(0) } });
}

describe('the proxy of a pod', () => {
  const verification = { level: 'listener', pods: 1, wanted: 1 };

  test('is asked for both parts of its configuration at once', async () => {
    const seen = proxy();
    const verifier = new Verifier(seen.context, { verify: 'required' });
    expect(await verifier.verify(WORKLOAD, 1)).toMatchObject({ verification });
    expect(seen).toMatchObject({ commands: ['dynamic_listeners', 'ecds_filters'], most: 2 });
  });

  test('is not asked again for what it has said just before the rollout was over', async () => {
    const seen = proxy();
    const verifier = new Verifier(seen.context, { verify: 'required' });
    verifier.lookAhead(WORKLOAD);
    expect(await verifier.verify(WORKLOAD, 1)).toMatchObject({ verification });
    expect(seen.commands).toHaveLength(2);
    expect(await verifier.verify(WORKLOAD, 1)).toMatchObject({ verification });
    expect(seen.commands).toHaveLength(4);
  });

  test('is asked again where the rollout took longer, as with minReadySeconds', async () => {
    const seen = proxy();
    const verifier = new Verifier(seen.context, { verify: 'required' });
    verifier.lookAhead(WORKLOAD);
    await new Promise(setImmediate);
    seen.pass(5_000);
    expect(await verifier.verify(WORKLOAD, 1)).toMatchObject({ verification });
    expect(seen.commands).toHaveLength(4);
  });

  test('is not looked into ahead where nobody asked for it', async () => {
    const seen = proxy();
    new Verifier(seen.context, { verify: 'off' }).lookAhead(WORKLOAD);
    await new Promise(setImmediate);
    expect(seen.commands).toEqual([]);
  });
});
