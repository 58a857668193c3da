import { defined } from '../../base/defined.ts';
import { quoted } from '../../base/text.ts';
import type { ErrorRateLimit, LatencyLimit, SoakLimits } from '../../deploy/policy.ts';
import { parseDuration } from './duration.ts';
import type { InputReader } from './reader.ts';
import type { InputName } from './table.ts';

/** The inputs that say by what a soak is judged. */
export const SOAK_INPUTS = [
  'max-error-rate',
  'max-latency-increase',
  'min-requests',
  'soak-requires',
  'traffic',
] as const satisfies readonly InputName[];

const MAX_REQUESTS = 1_000_000_000;
const MAX_PERCENT = 10_000;
const MAX_LATENCY_MS = 3_600_000;

/** Reads by what watched pods are judged. `hasProbe`: whether there is a probe that can be sent to them. */
export function readSoakLimits(reader: InputReader, hasProbe: boolean): SoakLimits {
  const maxErrorRate = readErrorRate(reader);
  const maxLatencyIncrease = readLatency(reader);
  const minRequests = reader.wholeNumber(
    'min-requests',
    1,
    MAX_REQUESTS,
    'Give a whole number from 1 on; with fewer requests than that, the verdict is that no traffic was seen.',
  );
  const traffic = reader.oneOf('traffic');
  if (traffic === 'probe' && !hasProbe && !reader.isSet('probe')) {
    reader.wrong('traffic', 'is probe, but there is none.', 'Set the input "probe", such as ":9080/health".');
  }
  return {
    ...defined({ maxErrorRate, maxLatencyIncrease }),
    minRequests: minRequests ?? 1,
    requires: reader.oneOf('soak-requires'),
    traffic,
  };
}

function readErrorRate(reader: InputReader): ErrorRateLimit | undefined {
  const given = reader.text('max-error-rate');
  if (given === '') return undefined;
  const [, sign, number] = /^(\+?)(\d{1,3}(?:\.\d{1,6})?)%$/.exec(given) ?? [];
  if (number !== undefined && Number(number) < 100) {
    return { share: Number(number) / 100, beyond: sign === '+' ? 'old-pods' : 'zero' };
  }
  reader.wrong(
    'max-error-rate',
    `is ${quoted(given)}.`,
    'Write a percentage below 100 of all requests, such as 1% or 0.5%, or of what the old pods have and more, such as +1%.',
  );
  return undefined;
}

function readLatency(reader: InputReader): LatencyLimit | undefined {
  const given = reader.text('max-latency-increase');
  if (given === '') return undefined;
  const text = given.replace(/^\+/, '');
  const [, percent] = /^(\d{1,5}(?:\.\d{1,3})?)%$/.exec(text) ?? [];
  if (percent !== undefined && Number(percent) > 0 && Number(percent) <= MAX_PERCENT) {
    return { share: Number(percent) / 100 };
  }
  const ms = /^\d{1,7}ms$/.test(text) ? Number(text.slice(0, -2)) : parseDuration(text);
  if (percent === undefined && ms !== undefined && ms > 0 && ms <= MAX_LATENCY_MS) return { ms };
  reader.wrong(
    'max-latency-increase',
    `is ${quoted(given)}.`,
    'Write by how much requests may become slower, as a percentage or a time, such as 20%, 100ms or 1s.',
  );
  return undefined;
}
