/** What API servers do that keep clients busy for ever, and what a run makes of each. */
import { podLabel } from '../../src/mesh/identity/names.ts';
import type { FaultRule, RecordedRequest } from '../harness/recorder.ts';
import type { WorkloadOptions } from '../harness/workloads.ts';
import {
  bystander,
  drip,
  execs,
  flood,
  HANG,
  listsDeployments,
  page,
  patches,
  strike,
  strikeFrom,
  watches,
} from './hostile.ts';
import type { Scene } from './scene.ts';
import { FILTER } from './site.ts';

export const TIMEOUT_SECONDS = 5;
/** For runs that end well, also where two dozen share a busy machine. */
const AMPLE = { timeout: '60s' };
/** A Deployment is not ready with the filter. */
const CRASHES: WorkloadOptions = { podAnnotations: { 'sim/behaviour-with-filter': 'crash-loop' } };
const rollsBack = ({ method, path, body = '' }: Omit<RecordedRequest, 'status'>): boolean =>
  method === 'PATCH' && path.includes('/deployments/') && body.includes(`"${podLabel(FILTER)}":null`);

/** What a hostile server is, and what comes of it. */
export interface Case {
  readonly workload?: WorkloadOptions;
  /** Made for each run, as rules count. */
  readonly rule: (scene: Scene) => FaultRule;
  readonly inputs?: Readonly<Record<string, string>>;
  /** Whether a first run has to leave something behind. */
  readonly before?: Readonly<Record<string, string>>;
  /** Whether a run gets more than a processor takes in quickly. */
  readonly floods?: true;
  readonly code: 0 | 1;
  /** What log and summary say. */
  readonly says: readonly RegExp[];
  readonly writes?: number;
  /** The most requests. */
  readonly requests?: number;
  /** Whether the workload carries the filter at the end; not asked for where nobody can know. */
  readonly carries?: boolean;
}

/** What was taken of answers without end. */
export const sent = { bytes: 0 };
/** The start of a list. */
export const LIST = '{"kind":"DeploymentList","apiVersion":"apps/v1","metadata":{},';
const STALLED = (request: string, phase: string): RegExp =>
  new RegExp(
    `The API server https://\\S+ does not answer: no (useful )?answer .*to ${request}.* for \\d+ s while ${phase}`,
  );

export const CASES: Readonly<Record<string, Case>> = {
  'a list that hangs': {
    rule: () => strike(listsDeployments, HANG),
    code: 1,
    says: [STALLED('GET \\S+/deployments\\?limit=500', 'reading the cluster')],
    writes: 0,
  },
  'a list whose body drips': {
    rule: () => strike(listsDeployments, () => drip(LIST)),
    code: 1,
    says: [STALLED('GET \\S+/deployments\\?limit=500', 'reading the cluster')],
    writes: 0,
  },
  'a list without an end': {
    rule: ({ namespace }) => strike(listsDeployments, (_, count) => page([bystander(namespace, count)], `t${count}`)),
    code: 1,
    says: [/page 100 of a list that still goes on/],
    writes: 0,
    requests: 150,
  },
  'a list that leads back to its start': {
    rule: ({ namespace }) => strike(listsDeployments, (_, count) => page([bystander(namespace, count)], 'again')),
    code: 1,
    says: [/"continue" leads back to an earlier one/],
    writes: 0,
  },
  'a list of 5 GB': {
    rule: () => strike(listsDeployments, () => flood(LIST, 5_000, sent)),
    floods: true,
    code: 1,
    says: [/sends an answer that does not end: the answer to GET \S+ is larger than the limit of 64\.00 MiB/],
    writes: 0,
  },
  'a list that is throttled for a day': {
    rule: () => strike(listsDeployments, { answer: { status: 429, headers: { 'retry-after': '99999' } } }),
    code: 1,
    says: [/asked to wait 99,999 s, longer than this run waits/],
    writes: 0,
  },
  'nothing but 503': {
    rule: () => strike(() => true, { answer: { status: 503, body: 'no' } }),
    code: 1,
    says: [/503/],
    writes: 0,
    requests: 150,
  },
  'a list that somebody else answers': {
    rule: () => strike(listsDeployments, { answer: { status: 200, body: '<html>Sign <b>in</b></html>' } }),
    code: 1,
    says: [
      /the answer to GET \S+ is not a Kubernetes API server's: it is an HTML page, "Sign in", where a DeploymentList/,
    ],
    writes: 0,
  },
  'a ConfigMap that is never answered for': {
    rule: () => strike(patches('configmaps'), HANG),
    code: 1,
    says: [STALLED('PATCH \\S+/configmaps/', 'writing'), /not known whether the last write took effect/],
    carries: false,
  },
  'a server that hangs from the first patch on, which is done': {
    rule: () => strikeFrom(patches('deployments'), HANG, { hang: 'after' }),
    code: 1,
    says: [
      STALLED('GET \\S+/deployments/', 'rolling back'),
      /could not be rolled back/,
      /Nor was its patch answered\. Re-run: the next run finds out whether the pod template is rolled back/,
    ],
  },
  'a patch that is done, and twice not answered for': {
    rule: () => {
      let count = 0;
      return strike(patches('deployments'), () => (count++ < 2 ? { hang: 'after' } : undefined));
    },
    code: 1,
    says: [STALLED('PATCH \\S+/deployments/', 'writing'), /failed and was rolled back/],
    carries: false,
  },
  'a server that shows nothing while pods are waited for': {
    workload: CRASHES,
    rule: () => {
      let written = false;
      return (request) => {
        written ||= patches('deployments')(request);
        return written && (listsDeployments(request) || watches(request)) ? HANG : undefined;
      };
    },
    code: 1,
    says: [/failed and was rolled back/],
    carries: false,
  },
  'watches that end at once, with an event each': {
    rule: () =>
      strike(watches, {
        answer: { status: 200, body: '{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"1"}}}\n' },
      }),
    workload: CRASHES,
    code: 1,
    says: [/failed and was rolled back/],
    requests: 200,
    carries: false,
  },
  'watches whose version is always gone': {
    rule: () =>
      strike(watches, { answer: { status: 200, body: '{"type":"ERROR","object":{"kind":"Status","code":410}}\n' } }),
    workload: CRASHES,
    code: 1,
    says: [/failed and was rolled back/],
    requests: 200,
    carries: false,
  },
  'a watch of one endless line': {
    rule: () => strike(watches, () => flood('{"type":"MODIFIED",', 5_000, sent)),
    floods: true,
    inputs: AMPLE,
    code: 0,
    says: [],
    carries: true,
  },
  'proxies that never answer': {
    rule: () => strike(execs, HANG),
    inputs: { verify: 'required' },
    code: 1,
    says: [/failed and was rolled back/],
    carries: false,
  },
  'a rollback that is never answered': {
    workload: CRASHES,
    rule: () => strike(rollsBack, HANG),
    code: 1,
    says: [/could not be rolled back/, /while rolling back/, /finds out whether the pod template is rolled back/],
  },
  'a server that hangs once the rollback is written': {
    workload: CRASHES,
    rule: () => {
      const dead = strikeFrom(rollsBack, HANG, {});
      return (request) => dead(request) ?? (watches(request) ? HANG : undefined);
    },
    code: 1,
    says: [/was rolled back, but/, /The pod template is rolled back already/],
    carries: false,
  },
  'a server that hangs when all is done': {
    before: { configuration: 'x-test: 0' },
    rule: () => strikeFrom(({ body = '' }) => body.includes('garbage'), HANG),
    inputs: { ...AMPLE, 'keep-revisions': '0' },
    code: 0,
    says: [],
    carries: true,
  },
  'a place in a list that is gone once': {
    rule: ({ cluster, namespace }) => {
      let rest = 2;
      return strike(listsDeployments, ({ path }) => {
        if (rest === 0) return undefined;
        rest--;
        return path.includes('continue=')
          ? { answer: { status: 410, body: '{"kind":"Status","reason":"Expired","code":410}' } }
          : page([bystander(namespace, 1)], `after ${cluster.api.server.length}`);
      });
    },
    inputs: AMPLE,
    code: 0,
    says: [],
    carries: true,
  },
};
