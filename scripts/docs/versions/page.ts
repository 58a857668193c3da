import { count, listWords } from '../../../src/base/text.ts';
import { NEWEST_KNOWN_ENVOY, OLDEST_KNOWN_ENVOY } from '../../../src/filter/compatibility/host-functions.ts';
import { KNOWN_PROXIES } from '../../../src/filter/compatibility/known-proxies.ts';
import {
  describeEnvoy,
  describeProxies,
  envoyVersion,
  isPairKnown,
  parseProxyVersion,
} from '../../../src/filter/compatibility/proxy-version.ts';
import { versions } from '../../../test/cluster/versions.ts';
import { readAgreement } from '../judged.ts';
import { anchor, blocks, table } from '../markdown.ts';
import { newsByEnvoy } from './news.ts';
import { matrixOf, nodeOfAction } from './tested.ts';

const { kubernetes, istio, gatewayApi, argoRollouts, envoy, olderEnvoy } = versions;

/** Makes docs/versions.md of the tables of the checks and of what the suites run with. */
export function versionsPage(): string {
  const agreement = readAgreement();
  const { kubernetes: ofKind = [], istio: withIstio = [] } = matrixOf('e2e.yml');
  const { runner: runners = [] } = matrixOf('smoke.yml');
  return `${blocks(
    '# Versions',
    'With which Istio, Envoy and Kubernetes does it work, and how is that known?',
    [
      `In one sentence: it is tested on a real mesh with Istio ${istio.release}, Envoy ${envoy} and Kubernetes ${kubernetes.module.slice(1)}; with`,
      `real Envoys ${listWords(agreement.versions, 'and')} alone, the checks; and it has tables for Envoy 1.${OLDEST_KNOWN_ENVOY} to 1.${NEWEST_KNOWN_ENVOY}, of which nothing before ${olderEnvoy} was ever run.`,
    ].join('\n'),
    '## Tested on a real mesh',
    [
      `- Kubernetes ${kubernetes.module.slice(1)}, built from its sources, with the containerd and runc of the machine (Debian or Ubuntu).`,
      `- Istio ${istio.release}: istiod and istio-agent built from the sources of that release; sidecars, gateways and waypoints.`,
      `- Envoy ${envoy} as its own project releases it, in every sidecar, gateway and waypoint. Istio ${istio.release} itself would bring ${ownEnvoy()} with`,
      "  extensions of its own, so Istio's telemetry, metadata exchange and ALPN filter are off in the suite.",
      `- Gateway API ${gatewayApi.slice(1)}, and Argo Rollouts ${argoRollouts.slice(1)} where the mesh suite runs a Rollout.`,
    ].join('\n'),
    [
      'What is tried there: filters are deployed into sidecars under a steady load, verified, updated, rejected, rolled back and removed.',
      '`npm run test:cluster` does it on one Linux machine; CI runs it ([test/cluster](../test/cluster/README.md)).',
    ].join('\n'),
    [
      `The workflow [e2e.yml](../.github/workflows/e2e.yml) runs the mesh suite on kind, with Kubernetes ${listWords(ofKind, 'and')} and the newest Istio`,
      `${listWords(withIstio, 'and')}, with the proxies that Istio releases. It runs once a week on GitHub: its last run there says what holds, not this page.`,
    ].join('\n'),
    '## Tested with real Envoys alone',
    [
      `Envoy ${listWords(agreement.versions, 'and')} have judged ${agreement.filters} filters, good and bad ones. What the checks and the trial run say of each is`,
      'compared with what Envoy does: [Agreement with Envoy](agreement.md). There is no Istio in that suite.',
    ].join('\n'),
    '## Known by tables',
    [
      `For ${listWords(describeProxies(KNOWN_PROXIES), 'and')} the checks know which functions a filter may import, which`,
      'types its callbacks must have, and which settings have an effect. The sources are release notes and the code of Envoy and its Wasm host.',
      'Where the exact version of a function is uncertain the table has the earliest possible one, so that no filter is rejected wrongly.',
    ].join('\n'),
    [
      'Versions outside of the tables are no reason to reject: a warning says that they are unknown, and only what fails in the trial run',
      'is rejected. Versions are read from the tags of the images of the sidecars; `command: check` takes them from the input `proxies`.',
    ].join('\n'),
    [
      'What this action itself needs of Istio: the EnvoyFilter that it writes has only fields that Istio has known since 1.11. An image is',
      'delivered by a WasmPlugin, which came with Istio 1.12, or, where a cluster has none, by a TrafficExtension, which came with 1.30.',
    ].join('\n'),
    '## Istio and Envoy',
    pairs(),
    pairTable(agreement.versions),
    '## What is new for filters, and when',
    `What every Envoy since 1.${OLDEST_KNOWN_ENVOY} has is left out.`,
    ...newsByEnvoy(OLDEST_KNOWN_ENVOY).map(([minor, texts]) =>
      blocks(`### ${describeEnvoy(minor)}`, texts.map((text) => `- ${text}`).join('\n')),
    ),
    '## The action itself',
    [
      `It runs with the Node ${nodeOfAction()} that GitHub's runner brings. The workflow [smoke.yml](../.github/workflows/smoke.yml) runs \`check\` and \`render\` on`,
      `${listWords(runners, 'and')}; everything else is tested on Linux.`,
    ].join('\n'),
    '<!-- Made of the tables in src/filter and of test/cluster/versions.ts by `npm run docs`; a test compares them. -->',
  )}\n`;
}

/** The Envoy that the Istio of the mesh suite has by the table of pairs. */
function ownEnvoy(): string {
  const proxy = parseProxyVersion(istio.release);
  return proxy === undefined ? 'another Envoy' : `Envoy ${envoyVersion(proxy)}`;
}

/** One row for each Envoy that is known, newest first. */
function pairTable(judging: readonly string[]): string {
  const news = new Map(newsByEnvoy(OLDEST_KNOWN_ENVOY));
  const rows = KNOWN_PROXIES.toReversed().map(({ istio: version = '', envoy: { minor } }) => {
    const texts = news.get(minor);
    const more = texts === undefined ? '' : `[${count(texts.length, 'change')}](#${anchor(describeEnvoy(minor))})`;
    const real = judging.find((one) => one.startsWith(`1.${minor}.`));
    const known = real === undefined ? 'tables' : real === envoy ? 'real mesh, real Envoy' : 'real Envoy';
    return [version, `1.${minor}`, more, known];
  });
  return table(['Istio', 'Envoy', 'new for filters', 'Envoy known by'], rows);
}

function pairs(): string {
  const known = KNOWN_PROXIES.filter(({ istio: version }) => isPairKnown(Number(version?.split('.')[1])));
  return [
    `Which Envoy is in which Istio: ${listWords(describeProxies(known), 'and')} by a source. In all of these pairs Envoy's`,
    `number is higher by 8, and the table takes the others to be so, too. The last column is about the Envoy alone; the Istio of the mesh suite is ${istio.release}.`,
  ].join('\n');
}
