import { defined } from '../../base/defined.ts';
import { shareOf } from '../../base/share.ts';
import { capital } from '../../base/text.ts';
import type { Warning } from '../../base/warning.ts';
import type { RolloutPolicy } from '../../deploy/policy.ts';
import { nameShared, type SettingPlaces } from '../../filter/written.ts';
import { DAY_MS } from './duration.ts';
import { parseProbe } from './probe.ts';
import type { InputReader } from './reader.ts';
import { readSoakLimits, SOAK_INPUTS } from './soak.ts';
import type { InputName } from './table.ts';

/** A Node timer holds a little less than 25 days. */
const MAX_TIMER_DAYS = 24;

/** Reads how to roll out. `port` is the one that the filter is limited to, for a probe that names none. */
export function readPolicy(reader: InputReader, port: number | undefined): RolloutPolicy {
  const wait = reader.boolean('wait');
  const max = MAX_TIMER_DAYS * DAY_MS;
  const timeoutMs =
    reader.duration('timeout', {
      least: 1,
      max,
      remedy: `Write a time such as 90s, 10m or 1h30m, at most ${MAX_TIMER_DAYS}d.`,
    }) ?? 0;
  const soakMs =
    reader.duration('soak', {
      least: 0,
      max,
      remedy: `Write a time such as 0s, 90s or 10m, at most ${MAX_TIMER_DAYS}d.`,
    }) ?? 0;
  const verify = reader.oneOf('verify');
  const scout = reader.oneOf('scout');
  const probe = readProbe(reader, port);
  const onFailure = reader.oneOf('on-failure');
  const unready = reader.oneOf('unready');
  const promote = reader.oneOf('promote');
  const canary = reader.share(
    'canary',
    'Give how many workloads go first, such as 1 or 10%; leave it out for none.',
    (share) => shareOf(share, 1) > 0,
  );
  const maxParallel = reader.share(
    'max-parallel',
    'Give how many workloads of a cluster may roll out at once, such as 1, 20 or 50%; 100% is all.',
    (share) => shareOf(share, 1) > 0,
  );
  const maxFailures = reader.share('max-failures', 'Give how many workloads may fail, such as 0, 2 or 10%.') ?? {
    count: 0,
  };
  const soakLimits = readSoakLimits(reader, probe !== undefined);
  const policy: RolloutPolicy = {
    wait,
    timeoutMs,
    verify,
    scout,
    ...defined({ probe }),
    onFailure,
    unready,
    promote,
    ...defined({ canary, maxParallel }),
    maxFailures,
    soakMs,
    ...(soakMs > 0 && { soakLimits }),
  };
  if (wait) return policy;
  refuseWithoutWaiting(reader, policy);
  return {
    wait,
    timeoutMs,
    verify: 'off',
    scout: 'off',
    onFailure: 'keep',
    unready: 'deploy',
    promote: 'report',
    maxFailures: { count: 0 },
    soakMs: 0,
  };
}

function readProbe(reader: InputReader, port: number | undefined): RolloutPolicy['probe'] {
  const text = reader.raw('probe');
  if (text.trim() === '') return undefined;
  const probe = parseProbe({ origin: 'input "probe"', text }, port);
  if (probe.ok) return probe.value;
  reader.add('probe', probe.problems);
  return undefined;
}

/** What nobody can do who does not wait: the run ends while the pods are still being replaced. */
function refuseWithoutWaiting(reader: InputReader, policy: RolloutPolicy): void {
  const refuse = (name: InputName, what: string, why: string): void =>
    reader.wrong(name, `${what}, but with "wait: false" ${why}.`, `Set "wait: true", or leave "${name}" out.`);
  if (policy.scout === 'required') refuse('scout', 'is required', 'the run ends at once and waits for no scout');
  if (policy.verify === 'required') refuse('verify', 'is required', 'the run ends before a proxy has the filter');
  if (policy.probe !== undefined) refuse('probe', 'is set', 'the run ends before there are new pods to send it to');
  // The runner fills in the default, so nobody can tell whether "rollback" was written down.
  if (policy.onFailure === 'rollback-all') {
    refuse('on-failure', `is ${policy.onFailure}`, 'the run ends before it could see a failure');
  }
  if (policy.canary !== undefined)
    refuse('canary', 'is set', 'nothing checks the first workloads before the others start');
  if (policy.soakMs > 0) refuse('soak', 'is set', 'the run ends at once and watches nothing');
}

/** What has no effect without waiting or watching, although nothing is wrong with it. */
export function policyWarnings(reader: InputReader, { wait, soakMs }: RolloutPolicy): Warning[] {
  const unwatched = SOAK_INPUTS.filter((name) => soakMs === 0 && reader.isSet(name));
  const withoutSoak = unwatched.length === 0 ? [] : [ignoring(unwatched, 'without "soak"')];
  const idle = (['timeout', 'unready', 'promote', 'max-parallel', 'max-failures'] as const).filter(
    (name) => !wait && reader.isSet(name),
  );
  return idle.length === 0 ? withoutSoak : [...withoutSoak, ignoring(idle, 'with "wait: false"')];
}

/**
 * Warns of inputs: `The inputs "soak" and "canary" mean nothing to "command: status" and are ignored.` `places` are those of the ones
 * that a manifest has.
 */
export function ignoring(names: readonly InputName[], where: string, places?: SettingPlaces): Warning {
  const named = nameShared(names, places);
  const text = `${capital(named)} ${names.length === 1 ? 'means' : 'mean'} nothing ${where} and ${names.length === 1 ? 'is' : 'are'} ignored.`;
  return { topic: 'Ignored', subject: named.replace(/^the /, ''), text };
}
