import { defined } from '../../base/defined.ts';
import { count, sentence, thousands } from '../../base/text.ts';
import { EVIDENCE_LEVELS, type EvidenceLevel, type Verification } from '../../deploy/report/evidence-level.ts';
import type { TargetReport } from '../../deploy/report/report.ts';
import { plain } from './text.ts';
import { sentences } from './words.ts';

/** What shows, over many workloads, that the filter runs there. */
export interface Evidence {
  /** Proxies in whose listeners the filter was seen. */
  readonly verified: number;
  /** Proxies that were to be looked into. */
  readonly wanted: number;
  /** The weakest of all; omitted when nothing was looked at. */
  readonly level?: EvidenceLevel;
  /** Whether every one of the pods answered a probe. */
  readonly probed: boolean;
  /** Why some have weaker evidence than their listeners, each reason once; empty text for no reason given. */
  readonly weaknesses: readonly string[];
  /** Which requests pass by the filter although it runs, by how many workloads that holds for. */
  readonly notes: ReadonlyMap<string, number>;
}

/** The evidence of a run's workloads. What was rolled back shows nothing, nor does what has no pod. */
export function evidenceOf(targets: readonly Pick<TargetReport, 'verification' | 'rollback'>[]): Evidence {
  return gatherVerifications(
    targets.flatMap(({ verification, rollback }) =>
      verification === undefined || verification.wanted === 0 || rollback ? [] : [verification],
    ),
  );
}

/** The evidence that verifications come to together. */
export function gatherVerifications(verifications: readonly Verification[]): Evidence {
  const sum = (some: readonly Verification[]): number => some.reduce((total, { pods }) => total + pods, 0);
  const weak = verifications.filter(({ level }) => level !== 'listener');
  const level = [...EVIDENCE_LEVELS]
    .reverse()
    .find((one) => verifications.some((verification) => verification.level === one));
  return {
    verified: sum(verifications) - sum(weak),
    wanted: verifications.reduce((total, { wanted }) => total + wanted, 0),
    ...defined({ level }),
    probed: verifications.length > 0 && verifications.every(({ probed }) => probed),
    weaknesses: [...new Set(weak.map(({ weakness = '' }) => weakness))],
    notes: countEach(verifications.flatMap(({ notes = [] }) => notes)),
  };
}

/** The end of a headline: `, verified in 31 proxies`, or the weaker evidence in few words. */
export function evidenceTail({ level, verified, wanted }: Evidence): string {
  if (level === undefined) return '';
  if (level === 'listener') return `, verified in ${thousands(verified)} ${verified === 1 ? 'proxy' : 'proxies'}`;
  if (verified > 0) return `, verified in ${thousands(verified)} of ${thousands(wanted)} proxies`;
  return level === 'stats' ? ': every pod ready, no proxy rejected it' : ': every pod ready, proxies not inspected';
}

/** What was seen, what was not, and why: each reason once. `running` is what runs: `revision 4f2a91c07b`. */
export function evidenceSentence(evidence: Evidence, running: string): string {
  const { level, verified, wanted, probed } = evidence;
  const seen =
    level === 'listener'
      ? `All pods are ready, and every proxy has ${running} in its listeners.`
      : `All pods are ready with ${running}${level === 'stats' && verified === 0 ? ', and no proxy has rejected a listener' : ''}.`;
  return sentences(
    seen,
    weaknessSentence(evidence, wanted - verified),
    probed ? 'Each pod answered the probe.' : '',
    notesSentence(evidence),
  );
}

/** More kinds of notes than a reader takes in. */
const MAX_NOTES = 5;

function notesSentence({ notes }: Evidence): string {
  const shown = [...notes]
    .slice(0, MAX_NOTES)
    .map(([text, workloads]) => `${plain(text, 300)} (${count(workloads, 'workload')})`);
  const more = notes.size - shown.length;
  if (shown.length === 0) return '';
  return sentence(`Note: ${[...shown, ...(more > 0 ? [`${thousands(more)} more`] : [])].join('; ')}`);
}

function countEach(texts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}

function weaknessSentence({ level, verified, weaknesses }: Evidence, weaker: number): string {
  if (level === undefined || level === 'listener') return '';
  const reasons = weaknesses.filter((why) => why !== '').map((why) => plain(why, 300));
  const [first, ...others] = reasons;
  const because =
    first === undefined
      ? ', as "verify: off" asks for'
      : `: ${first}${others.length === 0 ? '' : ` (and ${thousands(others.length)} other ${others.length === 1 ? 'reason' : 'reasons'})`}`;
  if (verified > 0)
    return `The listeners of ${thousands(weaker)} ${weaker === 1 ? 'proxy' : 'proxies'} were not inspected${because}.`;
  return level === 'stats'
    ? `The listeners of the proxies were not inspected${because}.`
    : `The proxies were not inspected${because}.`;
}
