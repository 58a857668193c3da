import type { TrialRequest } from '../../src/filter/host/request.ts';
import { type EnvoyProgram, type EnvoyVerdict, runInEnvoy } from './envoy.ts';
import type { Fixture } from './fixture.ts';
import type { Answer } from './http.ts';
import { judge, type OurVerdict } from './ours.ts';

/** What everybody says of one filter. */
export interface Comparison {
  readonly fixture: Fixture;
  readonly ours: OurVerdict;
  readonly envoy: EnvoyVerdict;
  /** The same with the older Envoy, for whose version both are asked again. */
  readonly older: { readonly ours: OurVerdict; readonly envoy: EnvoyVerdict };
}

/** The Envoys that the suite runs, and the workload behind them. */
export interface Proxies {
  readonly newest: EnvoyProgram;
  readonly older: EnvoyProgram;
  readonly upstream: number;
}

/** `left`: Envoy rejects what we could say nothing about. */
export type Agreement = 'yes' | 'left' | 'no';

export function minorOf({ version }: EnvoyProgram): number {
  return Number(version.split('.')[1]);
}

export async function compare(fixture: Fixture, proxies: Proxies): Promise<Comparison> {
  const { newest, older, upstream } = proxies;
  const request = requestOf(fixture);
  return {
    fixture,
    ours: await judge(request, minorOf(newest)),
    envoy: await runInEnvoy(newest, upstream, request),
    older: { ours: await judge(request, minorOf(older)), envoy: await runInEnvoy(older, upstream, request) },
  };
}

export function requestOf({ name: _, header, ...settings }: Fixture): TrialRequest {
  return {
    rootId: '',
    configuration: 'hello',
    ...settings,
    vmId: 'agreement',
    name: 'agreement',
    direction: 'inbound',
  };
}

/** Whether we say of a filter what Envoy does with it: take it or not, and what a request through it comes to. */
export function agreementOf({ fixture, ours, envoy, older }: Comparison): Agreement {
  const both = [agree(ours, envoy, fixture), agree(older.ours, older.envoy, fixture)];
  return both.find((one) => one === 'no') ?? both.find((one) => one === 'left') ?? 'yes';
}

function agree({ check: { problems }, trial }: OurVerdict, envoy: EnvoyVerdict, { header }: Fixture): Agreement {
  const weRefuse = problems.length > 0 || trial.state === 'refused' || trial.state === 'crashed';
  if (envoy.state !== 'serves') {
    if (weRefuse) return 'yes';
    return trial.state === 'inconclusive' || trial.state === 'timeout' ? 'left' : 'no';
  }
  if (weRefuse) return 'no';
  if (trial.state === 'inconclusive' || trial.state === 'timeout') return 'yes';
  const { answer, next } = envoy;
  if (trial.state === 'trapped') return isGood(answer) && isGood(next) ? 'no' : 'yes';
  const response = trial.headers?.response;
  if (answer.state !== 'answered') return answer.state === 'held' && response === undefined ? 'yes' : 'no';
  const ourValue = (name: string): string | undefined => response?.find(([key]) => key === name)?.[1];
  if (ourValue(':status') !== String(answer.status)) return 'no';
  // Node reads header values as Latin-1.
  const value = header === undefined ? undefined : Buffer.from(String(answer.headers[header]), 'latin1').toString();
  return header === undefined || ourValue(header) === value ? 'yes' : 'no';
}

function isGood(answer: Answer): boolean {
  return answer.state === 'answered' && answer.status < 500;
}
