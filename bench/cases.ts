import { action, manifest, noOp } from './action.ts';
import { embedded } from './embedded.ts';
import type { Competitor, Lab } from './lab.ts';
import { limit, readLimit } from './limit/limit.ts';
import type { Options } from './options.ts';
import { helmUnthrottled, helmUpgrade } from './peers/helm.ts';
import { documentedScript, kubectlApply, kubectlApplyAndWait, xargsPatch } from './peers/kubectl.ts';
import { type Peer, peer } from './peers/peer.ts';
import type { Tool } from './programs.ts';
import type { Size } from './results.ts';
import { start } from './start.ts';
import { FILTERS } from './titles.ts';

/** The peers by the names that the cases give them. */
const PEER_OF = {
  kubectl: kubectlApply,
  'kubectl-wait': kubectlApplyAndWait,
  helm: helmUpgrade,
  'helm-fast': helmUnthrottled,
  xargs: xargsPatch,
  script: documentedScript,
} as const satisfies Readonly<Record<string, Peer>>;

const OTHERS = {
  limit: (lab: Lab, size: Size) => limit(lab, size),
  action: (lab: Lab, one: Case) => action(lab, one, one.wholeCycles),
  'no-op': (lab: Lab, size: Size) => noOp(lab, size),
  reader: (lab: Lab, size: Size) => readLimit(lab, size),
  manifest: (lab: Lab, size: Size) => manifest(lab, size, FILTERS),
  start: (lab: Lab) => start(lab),
  embedded: (lab: Lab, size: Size) => embedded(lab, size),
} as const;

/** Who can take part. */
export type Who = keyof typeof OTHERS | keyof typeof PEER_OF;

/** Everyone who takes part in the rounds of one size, and in how many of them. */
export interface Case extends Size {
  readonly who: Readonly<Partial<Record<Who, number>>>;
  /** In how many rounds the action does everything that it can; in the others it deploys, again, and removes. */
  readonly wholeCycles?: number;
  /** Whether what passes between process and server is counted, in a run of its own. */
  readonly counted?: boolean;
}

/** The cases of a whole run. What takes minutes has fewer rounds, or none; the others have five. */
const CASES: readonly Case[] = [
  {
    ...{ workloads: 1, namespaces: 1 },
    who: { limit: 5, action: 5, kubectl: 5, 'kubectl-wait': 5, helm: 5, xargs: 5, script: 5, start: 5 },
  },
  {
    ...{ workloads: 10, namespaces: 1 },
    who: { limit: 5, action: 5, kubectl: 5, 'kubectl-wait': 5, helm: 5, xargs: 5, script: 3 },
  },
  {
    ...{ workloads: 100, namespaces: 1, counted: true },
    who: { limit: 5, action: 5, kubectl: 5, 'kubectl-wait': 5, 'helm-fast': 5, xargs: 5, helm: 2, script: 2 },
  },
  { workloads: 100, namespaces: 1, counted: true, who: { manifest: 3 } },
  { workloads: 300, namespaces: 1, counted: true, who: { 'no-op': 5, reader: 5 } },
  { workloads: 1_000, namespaces: 1, wholeCycles: 1, who: { limit: 3, action: 3, kubectl: 1, 'helm-fast': 1 } },
  { workloads: 10, namespaces: 10, who: { limit: 3, action: 3, kubectl: 3 } },
  { workloads: 100, namespaces: 10, who: { limit: 3, action: 3, kubectl: 3 } },
  { workloads: 1_000, namespaces: 10, wholeCycles: 0, who: { limit: 1, action: 1 } },
  { workloads: 1_000, namespaces: 1, who: { embedded: 2 } },
  { workloads: 5_000, namespaces: 1, who: { embedded: 1 } },
];

/** Returns the cases that are asked for, with those alone who are. */
export function chosenCases({ workloads, only }: Pick<Options, 'workloads' | 'only'>): readonly Case[] {
  const narrowed = CASES.filter((one) => workloads?.includes(one.workloads) ?? true).map((one) => {
    const who = Object.entries(one.who).filter(([name]) => isChosen(name as Who, only));
    return { ...one, who: Object.fromEntries(who) };
  });
  return narrowed.filter(({ who }) => Object.keys(who).length > 0);
}

/** Returns the tools that someone in these cases needs. */
export function toolsOf(cases: readonly Case[]): ReadonlySet<Tool> {
  const everyone = cases.flatMap(({ who }) => Object.keys(who) as Who[]);
  return new Set(everyone.flatMap((who) => (isPeer(who) ? [PEER_OF[who].tool] : [])));
}

const isPeer = (who: Who): who is keyof typeof PEER_OF => Object.hasOwn(PEER_OF, who);

function make(lab: Lab, one: Case, who: Who): Promise<Competitor> {
  return isPeer(who) ? peer(lab, one, PEER_OF[who]) : OTHERS[who](lab, one);
}

/** Who the filters of `--only` mean: the name itself, and what belongs to it. */
function isChosen(who: Who, only: readonly string[] | undefined): boolean {
  const belongsTo: Partial<Record<Who, string>> = {
    ...{ 'helm-fast': 'helm', 'no-op': 'action', reader: 'limit', 'kubectl-wait': 'kubectl' },
  };
  return only === undefined || only.includes(who) || only.includes(belongsTo[who] ?? '');
}

/** Makes the Deployments of everyone, and returns those whose rounds it will be, with how many of them each plays. */
export async function prepare(lab: Lab, one: Case): Promise<(readonly [Competitor, number])[]> {
  const made: (readonly [Competitor, number])[] = [];
  for (const [who, rounds] of Object.entries(one.who) as [Who, number][])
    made.push([await make(lab, one, who), rounds]);
  return made;
}
