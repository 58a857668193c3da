import type { Log } from '../../base/log.ts';
import { count } from '../../base/text.ts';
import type { TrialRequest } from '../../filter/host/request.ts';
import { compareVerdicts } from '../../filter/trial/compare.ts';
import type { Trial, TrialVerdict } from '../../filter/trial/verdict.ts';
import type { Revision } from '../../mesh/identity/revision.ts';
import type { TrialFinding } from './trial-problem.ts';

/**
 * Holds a shrunk module against the one that it was made of: both go through the same trial, and what they do must be
 * equal. A filter that does something else each time, with a clock or by chance, cannot be compared; that is found by trying
 * both once more where they differ. `verdict` is what the shrunk module came to with `request`. Nothing for a module that
 * was not shrunk. `subject` is what messages call the filter.
 */
export async function compareWithOriginal(
  { filter, module: { original } }: Revision,
  request: TrialRequest,
  verdict: TrialVerdict,
  { trial, log, subject }: { readonly trial: Trial; readonly log: Log; readonly subject: string },
): Promise<TrialFinding> {
  // What came from the cluster in its place was compared when it was shrunk.
  if (original === undefined || original.bytes.length === 0) return {};
  const tryOriginal = (): Promise<TrialVerdict> => trial({ ...request, module: original.bytes });
  const first = await tryOriginal();
  const comparison = compareVerdicts(first, verdict);
  if (comparison.state === 'same') {
    log.info(
      `The shrunk ${filter} behaves in a trial run like the original: ${count(verdict.calls?.length ?? 0, 'call')} ` +
        'of host functions, the headers and the log are equal.',
    );
    return {};
  }
  if (comparison.state === 'unknown') return unverifiedEquivalence(original.optimized, subject, comparison.why);
  const [second, repeated] = [await tryOriginal(), await trial(request)];
  const steady = compareVerdicts(first, second).state === 'same' && compareVerdicts(second, repeated).state !== 'same';
  if (!steady) return unverifiedEquivalence(original.optimized, subject, 'it behaves differently from run to run');
  return {
    problem: {
      kind: 'filter',
      subject,
      message: `behaves differently after shrinking: ${comparison.what}.`,
      remedy: original.optimized
        ? 'Set "shrink: auto" to keep its code as the compiler wrote it, and report this.'
        : 'Set "shrink: off" and make the module smaller where it is built; please report this.',
    },
  };
}

/** Custom sections mean nothing to a program by definition; only rewritten code needs the comparison. */
function unverifiedEquivalence(optimized: boolean, subject: string, why: string): TrialFinding {
  if (!optimized) return {};
  const text = `A trial run could not show that the optimised ${subject} still behaves the same: ${why}.`;
  return { warning: { topic: 'Trial run', subject, text } };
}
