import { isWrite } from '../test/harness/recorder.ts';
import type { Competitor, Lab, Take } from './lab.ts';
import type { Count, Sample, Size } from './results.ts';

/** What is kept of all rounds; each adds to it. */
export interface Kept {
  readonly samples: Sample[];
  readonly counts: Count[];
  readonly failures: string[];
}

/**
 * Has everyone do their work in rounds, which are timed, and, where it is asked for, once before through the recorder, which counts. In
 * each round another one begins, so that none is always behind the same neighbour. Who fails takes no part any more.
 * @param everyone with the number of rounds that each takes part in
 */
export async function playRounds(
  lab: Lab,
  { workloads, namespaces }: Size,
  everyone: readonly (readonly [Competitor, number])[],
  counted: boolean,
  { samples, counts, failures }: Kept,
): Promise<void> {
  const size = { workloads, namespaces };
  const failed = new Set<Competitor>();
  const play = async (atLeast: number, round: number, take: Take): Promise<void> => {
    const taking = everyone.flatMap(([one, rounds]) => (rounds >= atLeast && !failed.has(one) ? [one] : []));
    const first = taking.length === 0 ? 0 : round % taking.length;
    for (const one of [...taking.slice(first), ...taking.slice(0, first)]) {
      await one.cycle(take, round).catch((error: Error) => {
        failed.add(one);
        failures.push(`${workloads} in ${namespaces}, round ${round}: ${error.message}`);
        lab.log(failures.at(-1) ?? '');
      });
    }
  };
  const last = Math.max(...everyone.map(([, rounds]) => rounds));
  if (counted) {
    await play(Math.min(COUNTED, last), 0, async (subject, operation, run) => {
      lab.recorder.reset();
      await run(lab.recorded);
      counts.push({ ...size, subject, operation, ...passed(lab) });
    });
  }
  for (let round = 1; round <= last; round++) {
    await play(round, round, async (subject, operation, run) => {
      const { wallMs, userMs, systemMs, peakKiB } = await run(lab.straight);
      samples.push({ ...size, subject, operation, round, wallMs, userMs, systemMs, peakKiB });
      const seconds = (ms: number): string => (ms / 1000).toFixed(2);
      const cost = `processor ${seconds(userMs)} + ${seconds(systemMs)} s, ${Math.round(peakKiB / 1024)} MiB`;
      lab.log(`  ${round} ${subject} ${operation}: ${seconds(wallMs)} s, ${cost}`);
    });
  }
}

/** Those that are so slow that they have fewer rounds than this, while others have more, are not counted. */
const COUNTED = 3;

/** What has passed the recorder since its last reset. */
function passed({ recorder }: Lab): Pick<Count, Exclude<keyof Count, 'subject' | 'operation' | keyof Size>> {
  const { traffic, requests, writes } = recorder;
  const spans = traffic.spans.filter(isWrite);
  const began = Math.min(...spans.map(({ beganMs }) => beganMs));
  const ended = Math.max(...spans.map(({ beganMs, endedMs = beganMs }) => endedMs));
  return {
    requests: requests.length,
    writes: writes.length,
    bytesToServer: traffic.bytesReceived,
    bytesFromServer: traffic.bytesSent,
    sockets: traffic.openAtOnce,
    writingMs: spans.length === 0 ? 0 : ended - began,
  };
}
