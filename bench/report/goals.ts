import { type Cost, countOf, medianOf, type Results, type What } from '../results.ts';

/** Something that is to hold of the figures. */
export interface Goal {
  readonly name: string;
  /** Undefined where the run has not measured it. */
  readonly measured: number | undefined;
  readonly limit: number;
  /** Whether the limit is the most that may be measured; else it is the least. */
  readonly most: boolean;
  /** What the bare client, which does nothing but the same requests and waits as long, reaches in place of the action. */
  readonly possible?: number | undefined;
  readonly show: (value: number) => string;
}

const times = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} ×`;
const plain = (value: number): string => String(Math.round(value));
const secondsOf = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
const mib = (kib: number): string => `${Math.round(kib / 1024)} MiB`;
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(2)} MB`;

const IN_ONE = { namespaces: 1 } as const;
const HUNDRED = { ...IN_ONE, workloads: 100 } as const;
const THOUSAND = { ...IN_ONE, workloads: 1_000 } as const;

/** Returns all goals, with what a run of the benchmark says of each. */
export function goals(results: Results): readonly Goal[] {
  const of = (subject: What['subject'], operation: What['operation'], size: Partial<What> = HUNDRED) => ({
    ...size,
    subject,
    operation,
  });
  const cost = (what: Partial<What>, figure: keyof Cost = 'wallMs') => medianOf(results, what, figure);
  const node = cost(of('node', 'start', {}));
  const deploy = cost(of('action', 'deploy'));
  const large = { ...IN_ONE, workloads: 300 };
  const most = (name: string, measured: number | undefined, limit: number, show: Goal['show'] = plain): Goal => ({
    name,
    measured,
    limit,
    most: true,
    show,
  });
  /** Who waits is compared with whom, and with the bare client that waits; who does not, with those that do not. */
  const faster = (name: string, peer: What['subject'], limit: number, waits = true): Goal => ({
    ...{ name, limit, most: false, show: times },
    measured: ratio(cost(of(peer, 'deploy')), waits ? deploy : cost(of('action-no-wait', 'deploy'))),
    possible: ratio(cost(of(peer, 'deploy')), cost(of(waits ? 'limit-seen' : 'limit', 'deploy'))),
  });
  const writing = (name: string, ours: What['subject'], limit: What['subject']): Goal =>
    most(
      name,
      ratio(countOf(results, of(ours, 'deploy'), 'writingMs'), countOf(results, of(limit, 'deploy'), 'writingMs')),
      1.1,
      times,
    );
  const each = (workloads: number): number | undefined =>
    ratio(cost(of('action', 'deploy', { ...IN_ONE, workloads })), workloads);
  const eachEmbedded = (workloads: number): number | undefined =>
    ratio(cost(of('embedded', 'deploy', { ...IN_ONE, workloads })), workloads);
  const sockets = Math.max(
    ...results.counts.filter(({ subject }) => subject.startsWith('action')).map((count) => count.sockets),
  );
  return [
    most(
      'Deployment to 100, divided by the limit until the controller has seen every change',
      ratio(deploy, cost(of('limit-seen', 'deploy'))),
      1.2,
      times,
    ),
    writing('First to last write, divided by that of the limit, which does not watch meanwhile', 'action', 'limit'),
    writing('The same, divided by that of the limit that watches, too', 'action', 'limit-seen'),
    writing('The same with `wait: false`, where nobody watches', 'action-no-wait', 'limit'),
    {
      ...most(
        'With `wait: false`, divided by one `kubectl apply --server-side` of everything',
        ratio(cost(of('action-no-wait', 'deploy')), cost(of('kubectl', 'deploy'))),
        1,
        times,
      ),
      possible: ratio(cost(of('limit', 'deploy')), cost(of('kubectl', 'deploy'))),
    },
    faster('Faster than one apply and one `kubectl rollout status` of all', 'kubectl-wait', 1),
    faster('Faster than `helm upgrade --install --wait`', 'helm', 3),
    faster('Faster than the same with `--qps 1000 --burst-limit 2000`', 'helm-fast', 3),
    faster('Faster than patches by xargs, which do not wait', 'xargs', 10),
    faster('With `wait: false`, faster than patches by xargs', 'xargs', 10, false),
    faster('Faster than the documented script', 'script', 50),
    most('The same again, 300 workloads: requests', countOf(results, of('action', 'no-op', large), 'requests'), 20),
    most('The same again, 300 workloads: writes', countOf(results, of('action', 'no-op', large), 'writes'), 0),
    {
      ...most(
        'The same again, 300 workloads, divided by `node -e 0`',
        ratio(cost(of('action', 'no-op', large)), node),
        8,
        times,
      ),
      possible: ratio(cost(of('limit', 'no-op', large)), node),
    },
    most(
      'Process start to first request, divided by `node -e 0`',
      ratio(cost(of('action', 'start', {})), node),
      6,
      times,
    ),
    most(
      'Time for each of 1,000 workloads, divided by that for each of 100',
      ratio(each(1_000), each(100)),
      1.1,
      times,
    ),
    most(
      'Server of the test suite: time for each of 5,000 workloads, divided by that for each of 1,000',
      ratio(eachEmbedded(5_000), eachEmbedded(1_000)),
      1.1,
      times,
    ),
    most('Processor (user), deployment to 100', cost(of('action', 'deploy'), 'userMs'), 900, secondsOf),
    most('Processor (user), the same again', cost(of('action', 'no-op'), 'userMs'), 350, secondsOf),
    most('Memory, deployment to 100', cost(of('action', 'deploy'), 'peakKiB'), 130 * 1024, mib),
    most('Memory, the same again', cost(of('action', 'no-op'), 'peakKiB'), 100 * 1024, mib),
    most('Memory, deployment to 1,000', cost(of('action', 'deploy', THOUSAND), 'peakKiB'), 250 * 1024, mib),
    most('Sockets at once', Number.isFinite(sockets) ? sockets : undefined, 8),
    most('`dist/index.js`, with what it loads at once', results.files['index.js'], 2.6e6, megabytes),
    most('`dist/trial.js`', results.files['trial.js'], 150e3, megabytes),
  ];
}

/** Whether what was measured is within the limit. */
export function met({ measured = Number.NaN, limit, most }: Goal): boolean {
  return most ? measured <= limit : measured >= limit;
}

function ratio(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined || other === 0 ? undefined : one / other;
}
