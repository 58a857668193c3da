import { describe, expect, test } from '@jest/globals';
import type { Client } from '../../../../src/cluster/client.ts';
import type { Workload } from '../../../../src/cluster/objects.ts';
import { judgeFilter } from '../../../../src/deploy/verify/filter-in-proxy.ts';
import type { PodVerdict } from '../../../../src/deploy/verify/pod-verdict.ts';
import { gatewayPluginKey, gatewayPluginName, gatewayPodRevision } from '../../../../src/mesh/gateway/plugin.ts';
import { viewGateway } from '../../../../src/mesh/gateway/view.ts';
import { ownedLabels } from '../../../../src/mesh/identity/names.ts';
import { type PulledRevision, podRevisionOf } from '../../../../src/mesh/identity/revision.ts';
import { pluginOf, type WasmPlugin } from '../../../../src/mesh/objects/wasm-plugin.ts';
import { PULLED, pulledRevision, workload } from '../../builders.ts';

const REVISION = pulledRevision();
const ATTACHED = gatewayPodRevision(REVISION, 'web');
const CARRIED = podRevisionOf(REVISION) as PulledRevision;
const WRITTEN = '2026-11-25T10:00:00Z';
const BEFORE = '2026-11-25T09:59:58.500Z';
const AFTER = '2026-11-25T10:00:00.200Z';

const failedPull = (at: string, image: string): string =>
  `${at}\terror\twasm\terror in converting the wasm config to local: cannot fetch Wasm module oci://${image}: no such host. applying allow RBAC filter\n`;
const OURS = PULLED.reference;
const ANOTHER = `registry.example/filters/add-header@sha256:${'b'.repeat(64)}`;

/** The Gateway with our WasmPlugin, as it was written. */
function gateway(): Workload {
  const plugin: WasmPlugin = {
    apiVersion: 'extensions.istio.io/v1alpha1',
    kind: 'WasmPlugin',
    metadata: {
      name: gatewayPluginName('add-header', 'web'),
      namespace: 'shop',
      labels: ownedLabels('add-header', REVISION.id),
      managedFields: [{ manager: 'deploy-wasm-filter', operation: 'Apply', time: WRITTEN }],
    },
    spec: ATTACHED.plugin as WasmPlugin['spec'],
  };
  return viewGateway({ metadata: { name: 'web', namespace: 'shop' } }, [plugin]);
}

/** What a proxy shows of the filter: nothing at first or at all, or what stands in for an image that could not be pulled. */
type Shown = 'substitute' | 'nothing, then substitute' | 'nothing';

/** What is said of a pod whose proxy has what stands in for an image that could not be pulled, since then. */
function judge(
  kind: 'Gateway' | 'Deployment',
  since: string,
  log: string | undefined,
  shown: Shown = 'substitute',
): Promise<PodVerdict | undefined> {
  const isGateway = kind === 'Gateway';
  const plugin = isGateway ? gatewayPluginKey('shop', 'add-header', 'web') : pluginOf('shop', CARRIED);
  const name = `extensions.istio.io/trafficextension/${plugin}~istio-translated-wasmplugin`;
  const manager = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    http_filters: [{ name, config_discovery: {} }],
  };
  const listener = {
    name: 'any',
    traffic_direction: isGateway ? 'OUTBOUND' : 'INBOUND',
    filter_chains: [{ filters: [{ typed_config: manager }] }],
  };
  const substitute = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC',
    rules_stat_prefix: 'wasm-default-allow',
  };
  const extensions = JSON.stringify({
    configs: [{ ecds_filter: { name, typed_config: substitute }, last_updated: since }],
  });
  const client = {
    podLog: async () => {
      if (log === undefined) throw new Error('forbidden');
      return log;
    },
  } as unknown as Client;
  return judgeFilter(
    { revision: REVISION, podRevision: isGateway ? ATTACHED : CARRIED },
    {
      pod: { metadata: { name: 'web-0' } },
      ref: { kind, namespace: 'shop', name: 'web' },
      observed: isGateway ? gateway() : workload('web'),
      revisions: [{ revision: REVISION, podRevision: isGateway ? ATTACHED : CARRIED }],
      listeners: JSON.stringify({ configs: [{ name: 'any', active_state: { listener } }] }),
      extensions: shown === 'substitute' ? extensions : '{}',
      extensionsNow: async () => (shown === 'nothing' ? '{}' : extensions),
    },
    { client, debug: () => undefined },
  );
}

const DOES_NOT_RUN = 'add-header does not run in pod web-0, and the proxy lets every request pass without it';
const SAID = `${DOES_NOT_RUN}: Pull of ${OURS} failed: no such host.`;
const UNLOGGED = `${DOES_NOT_RUN}: Pull of ${OURS} failed.`;
const PERHAPS = `${DOES_NOT_RUN}, because of an image that could not be pulled; its log does not say that it is ${OURS}.`;

describe('what stands in for an image that could not be pulled', () => {
  test.each<[string, 'Gateway' | 'Deployment', string, string | undefined, string, string]>([
    ['ours, as the log says', 'Gateway', AFTER, failedPull(AFTER, OURS), 'failed', SAID],
    ['ours once more, which Envoy takes for the same', 'Gateway', BEFORE, failedPull(AFTER, OURS), 'failed', SAID],
    ['ours, before it was written anew', 'Gateway', BEFORE, failedPull(BEFORE, OURS), 'pending', PERHAPS],
    ['another one', 'Gateway', BEFORE, failedPull(BEFORE, ANOTHER), 'pending', PERHAPS],
    ['another one, late', 'Gateway', AFTER, failedPull(AFTER, ANOTHER), 'pending', PERHAPS],
    ['older than what was written, with a log that may not be read', 'Gateway', BEFORE, undefined, 'pending', PERHAPS],
    ['newer than that', 'Gateway', AFTER, undefined, 'failed', UNLOGGED],
    ['ours, whose name is that of its revision', 'Deployment', BEFORE, failedPull(BEFORE, OURS), 'failed', SAID],
    ['the same with a log that says nothing', 'Deployment', BEFORE, '', 'failed', UNLOGGED],
  ])('%s: %s since %s', async (_what, kind, since, log, state, message) => {
    expect(await judge(kind, since, log)).toMatchObject({ state, problem: { kind: 'verification', message } });
  });

  test.each<['Gateway' | 'Deployment', Shown, string]>([
    ['Gateway', 'nothing, then substitute', SAID],
    ['Gateway', 'nothing', `add-header does not run in pod web-0: Pull of ${OURS} failed: no such host.`],
    ['Deployment', 'nothing, then substitute', SAID],
  ])('of a %s is looked for again where the log tells of the pull first: %s', async (kind, shown, message) => {
    const verdict = await judge(kind, AFTER, failedPull(AFTER, OURS), shown);
    expect(verdict).toMatchObject({ state: 'failed', problem: { kind: 'verification', message } });
  });
});

test.each([
  ['[[', "Envoy's listeners are not valid JSON"],
  ['{"configs":7}', "Envoy's answer has no listeners in it."],
])('an answer that is no list of listeners says nothing of direction and port: %s', async (listeners, why) => {
  const verdict = await judgeFilter(
    { revision: REVISION, podRevision: CARRIED },
    {
      pod: { metadata: { name: 'web-0' } },
      ref: { kind: 'Deployment', namespace: 'shop', name: 'web' },
      observed: workload('web'),
      revisions: [{ revision: REVISION, podRevision: CARRIED }],
      listeners,
      extensions: '{}',
      extensionsNow: async () => '{}',
    },
    { client: {} as Client, debug: () => undefined },
  );
  const message = expect.stringContaining(`the proxy of pod web-0 cannot be inspected: ${why}`);
  expect(verdict).toMatchObject({ state: 'pending', problem: { kind: 'verification', message } });
});
