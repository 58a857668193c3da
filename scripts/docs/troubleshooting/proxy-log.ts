import { CAUSES } from '../../../src/mesh/proxy/envoy-causes.ts';
import { describeReason, findEnvoyReason, findPluginReason, findReasonFor } from '../../../src/mesh/proxy/envoy-log.ts';
import { PULL_REMEDIES } from '../../../src/mesh/proxy/failed-pull.ts';
import { type Entry, ofWords, type Section } from './entry.ts';

/** What Envoy and istio-agent say after a cause, whatever it is; as a proxy of Istio 1.31 (Envoy 1.40) wrote it. */
const CONSEQUENCE: Entry = {
  says: 'Plugin configured to fail closed failed to load',
  also: [
    'Failed to load Wasm code',
    "lds: listener 'virtualInbound' config rejected",
    'Envoy proxy is NOT ready: config received from XDS server, but was rejected',
  ],
  remedy:
    'These lines say only that something was rejected. Read the lines above them in the same log: the cause stands there, often behind "Wasm VM failed", and is one of those below.',
};

const MISSING_IMPORT = 'Failed to load Wasm module due to a missing import: ';
/** An import for each cause: what helps depends on whose it is. */
const MISSING = [
  'wasi_snapshot_preview1.fd_readdir',
  'env.emscripten_resize_heap',
  'env.abort',
  'wbg.__wbindgen_throw',
  'env.my_function',
];

const PLUGIN = 'shop.add-header-0123456789';
const IMAGE = 'registry.example/filters/add-header';

/** Envoy rejects a filter of somebody else, so that no pod which starts becomes ready. */
function anothers(): Entry {
  const log = "lds: listener 'virtualInbound' config rejected: Unable to create Wasm plugin waf";
  const found = findReasonFor(log, [{ name: 'add-header' }]);
  if (found?.foreign === undefined) throw new Error('The log does not name the filter of somebody else');
  return ofWords(describeReason(found), found.remedy);
}

/** What stands in the log of a proxy. */
export function proxyLog(): Section {
  return {
    title: 'The log of istio-proxy: Envoy rejects the filter',
    intro: [
      'The run finds the cause by itself, quotes it in the job summary and rolls the workload back. `kubectl logs POD -c istio-proxy`',
      'shows it. How to build a filter that is not rejected: [Toolchains](toolchains.md).',
    ].join('\n'),
    entries: [
      CONSEQUENCE,
      ...[...MISSING.map((name) => `${MISSING_IMPORT}${name}`), ...CAUSES.map(({ says }) => says)]
        .filter((says, at, all) => all.indexOf(says) === at)
        .map((says) => ofWords(says, findEnvoyReason(says)?.remedy)),
      anothers(),
    ],
  };
}

/** What istio-agent logs where a proxy is to pull the filter. */
export function pullLog(): Section {
  return {
    title: 'The log of istio-proxy: the filter cannot be pulled',
    intro: [
      'With `delivery: image` the proxies pull the filter themselves. A pod becomes ready without it, and then rejects every request or',
      'lets all of them pass. The log says `cannot fetch Wasm module`, and why:',
    ].join('\n'),
    entries: PULL_REMEDIES.map(({ says }) => pullEntry(says)),
  };
}

function pullEntry(says: string): Entry {
  const log = `error\tcannot fetch Wasm module oci://${IMAGE}: ${says}. applying deny RBAC filter\n`;
  return ofWords(says, findPluginReason(log, { plugin: PLUGIN, image: IMAGE })?.remedy);
}
