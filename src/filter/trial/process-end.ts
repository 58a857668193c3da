import { formatBytes, truncate } from '../../base/text.ts';

/** How the process of a trial ended by itself. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: string | null;
  /** The first part of what it wrote to its standard error. */
  readonly errors: string;
}

/** What V8 says before it ends a process that it can give no more memory. */
const OUT_OF_MEMORY = ['heap out of memory', 'Allocation failed', 'Out of memory'];
const MAX_QUOTED = 300;

/** Why a process that gave no outcome says nothing of the filter, as a clause. `step` is the last one that it began. */
export function processEndWords({ code, signal, errors }: ProcessEnd, step: string | undefined): string {
  const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
  if (OUT_OF_MEMORY.some((text) => errors.includes(text))) {
    return `its process could get no more memory and ${how}${step === undefined ? '' : ` in ${step}`}`;
  }
  if (step !== undefined) return `its process ${how} in ${step}`;
  const error = errors.split('\n').find((line) => line.includes('Error'));
  return `its process ${how} before the filter was started${error === undefined ? '' : `: ${truncate(error.trim(), MAX_QUOTED)}`}`;
}

/** Says that a trial was ended because of its memory. */
export function tooMuchMemory(limitBytes: number): string {
  return `it needed more than ${formatBytes(limitBytes)} of memory`;
}
