import { integer, list, named, number, object, text, word } from '../../base/schema.ts';
import { SOAK_COMPARISONS, SOAK_VERDICTS } from '../../deploy/report/soak-report.ts';

const COUNTS = named(
  'soakCounts',
  object(
    'What was counted of the pods of one side.',
    { requests: integer('Requests.'), failed: integer('Of those, answered with 5xx or reset.') },
    {
      p50Ms: number('The median of what requests took, in milliseconds.'),
      p99Ms: number('The 99th percentile of it.'),
      memoryBytes: number('What the proxy that has most has, in bytes.'),
      cpu: number('What the proxy that uses most uses, in cores.'),
    },
  ),
);

/** What was seen of a workload's pods while they were watched. */
export const SOAK = named(
  'soak',
  object(
    'What was seen of its pods while they were watched.',
    {
      verdict: word(
        '`no-traffic`: fewer requests than `min-requests`; `not-watched`: nothing of its proxies could be seen.',
        SOAK_VERDICTS,
      ),
      watched: integer('Pods with the change that were watched.'),
      pods: integer('Pods with the change.'),
      comparedWith: word('What the requests were compared with.', SOAK_COMPARISONS),
      new: COUNTS,
      crashes: integer('How often a filter has crashed in a new pod.'),
      restarts: integer('How often the proxy of a new pod was started anew.'),
      unseen: list('What could not be watched, with what it takes.', text('A clause.')),
    },
    {
      old: COUNTS,
      recent: object('What the old pods counted last, before they were replaced or until now.', {
        seconds: number('In how long a time.'),
        requests: integer('Requests.'),
        failed: integer('Of those, answered with 5xx or reset.'),
      }),
      excused: text('What got worse and was not held against the change, as it began before, with all values.'),
      breach: text('What is wrong, with both values.'),
      noticedSeconds: number('Between the look that did not show it yet and the verdict.'),
      counters: word('Whose counters tell of requests; omitted where the proxies keep none.', [
        'istio',
        'envoy',
      ] as const),
      probes: object('The probes that were sent.', {
        sent: integer('All of them.'),
        failed: integer('Those that failed.'),
      }),
    },
  ),
);
