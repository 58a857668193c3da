import type { Pod } from '../../../src/cluster/objects.ts';
import { PROXY_CONTAINER } from '../../../src/cluster/pods.ts';
import type { DeployContext } from '../../../src/deploy/context.ts';
import type { Probe } from '../../../src/deploy/probe.ts';
import { probePods } from '../../../src/deploy/verify/probe-pods.ts';
import { BEFORE_ROUTER, type Insertion } from '../../../src/filter/insertion.ts';
import { explainAbsence } from '../../../src/mesh/proxy/absence.ts';
import { type Absent, assumePlaces, type WantedPlace } from '../../../src/mesh/proxy/places.ts';
import { insertRemedy, judgeReach, portRemedy } from '../../../src/mesh/proxy/reach.ts';
import { readRedirection } from '../../../src/mesh/template/redirection.ts';
import { type Entry, ofProblem, ofWords, type Section } from './entry.ts';

const REF = { kind: 'Deployment', namespace: 'shop', name: 'web' };
const WRITTEN = { filter: 'add-header' };
const PORT = 8080;

/** Pods are ready, and the filter does nothing. */
export async function effects(): Promise<Section> {
  return {
    title: 'Job summary: the filter has no effect, or the probe fails',
    intro: [
      'The pods are ready, and the run looks into the proxies: is the filter in a listener that requests come to, and does it do what the',
      'probe expects? A run that finds that it does not rolls the workload back.',
    ].join('\n'),
    entries: [
      absent({ tcp: [PORT] }, { port: PORT }),
      absent({ http: [9080] }, { port: PORT }),
      absent({}, { port: PORT }),
      absent({ tcp: [PORT] }, {}),
      absent({}, {}),
      withoutAnchor({ place: 'before', filter: 'my.filter' }),
      bypassed(),
      await probed('answered 404 instead of 200', { status: 404 }),
      await probed('answered without the header x-shop', { status: 200 }),
      await probed('did not answer', undefined),
    ],
  };
}

function absent(has: Partial<Absent>, wanted: Pick<WantedPlace, 'port'>): Entry {
  const side = { state: 'absent', side: 'inbound', http: [], tcp: [], ...has } as const;
  const place = { direction: 'inbound', insert: BEFORE_ROUTER, ...wanted } as const;
  return ofWords(explainAbsence(side, place), portRemedy(WRITTEN));
}

function withoutAnchor(insert: Insertion): Entry {
  const withoutAnchors = ['istio.metadata_exchange', 'envoy.filters.http.router'];
  const side = { state: 'absent', side: 'inbound', http: [PORT], tcp: [], withoutAnchor: withoutAnchors } as const;
  return ofWords(explainAbsence(side, { direction: 'inbound', insert }), insertRemedy(WRITTEN));
}

function bypassed(): Entry {
  const annotations = { 'traffic.sidecar.istio.io/excludeInboundPorts': String(PORT) };
  const containers = [{ name: PROXY_CONTAINER }];
  const initContainers = [{ name: 'istio-validation' }];
  const pod: Pod = { metadata: { name: 'web-1', annotations }, spec: { containers, initContainers } };
  const place = { direction: 'inbound', port: PORT, insert: BEFORE_ROUTER } as const;
  const redirection = readRedirection(pod, { metadata: { annotations } });
  const reach = judgeReach({ places: assumePlaces(place), missing: [] }, place, redirection);
  if (reach.state !== 'unreached') throw new Error('A port that is excluded is reached');
  return ofWords(reach.why, reach.remedy);
}

const PROBE: Probe = {
  port: PORT,
  method: 'GET',
  path: '/',
  headers: {},
  expect: { status: [200], headers: { 'x-shop': '*' } },
};

/** One try is enough: the clock says that time is over. */
async function probed(says: string, answer: { readonly status: number } | undefined): Promise<Entry> {
  let now = 0;
  const requestPod = async () => {
    if (answer === undefined) throw new Error('the API server answered 503: connection reset by peer');
    return { ...answer, headers: {}, text: '' };
  };
  const context = {
    client: { requestPod, podLog: async () => '' },
    date: () => new Date(0),
    log: { debug: () => undefined },
    signal: new AbortController().signal,
    now: () => {
      now += 10_000;
      return now;
    },
  } as unknown as DeployContext;
  return ofProblem(says, await probePods(PROBE, [{ metadata: { name: 'web-1' } }], REF, context));
}
