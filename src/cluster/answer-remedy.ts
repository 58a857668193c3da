import { MAX_OBEYED_SECONDS } from '../base/retry.ts';
import { thousands } from '../base/text.ts';

/** What the headers of an error say, and how it was asked for. */
export interface AnswerHints {
  /** The host that a redirect leads to; the rest of its address may hold secrets. */
  readonly leadsTo?: string;
  readonly retryAfterSeconds?: number;
  /** Set where the request went over plain HTTP, over which no credentials are sent. */
  readonly withoutTls?: true;
}

/** What to say of an error status: words in place of the answer's own, and what to do. */
export interface StatusAdvice {
  readonly message?: string;
  readonly remedy?: string;
}

/** Advice for an answer that comes from whatever stands in front of the API server, or from one that cannot do its work at present. */
export function statusAdvice({
  status,
  message,
  hints,
}: {
  readonly status: number;
  readonly message: string;
  readonly hints: AnswerHints;
}): StatusAdvice {
  if (status >= 300 && status < 400) {
    const { leadsTo } = hints;
    return {
      message: `the answer was a redirect (${status})${leadsTo === undefined ? '' : ` to ${leadsTo}`}, which no API server gives`,
      remedy:
        'A proxy that requires a sign-in is in front of the API server. Set "server" in the kubeconfig to the address of the API server itself, or log in to the proxy in an earlier step.',
    };
  }
  if (status === 429) {
    const { retryAfterSeconds = 0 } = hints;
    const tooLong = retryAfterSeconds > MAX_OBEYED_SECONDS;
    const asked = thousands(Math.round(retryAfterSeconds));
    return {
      ...(tooLong && { message: `the API server asked to wait ${asked} s, longer than this run waits` }),
      remedy: tooLong
        ? 'Re-run the job after that time.'
        : 'Re-run the job later: the API server has too many requests. If this happens often, check its flow control (`kubectl get --raw /debug/api_priority_and_fairness/dump_priority_levels`).',
    };
  }
  if (status === 413 || (status >= 500 && /\brequest is too large\b/.test(message))) {
    return {
      remedy:
        'Make the object smaller: etcd takes objects of up to 1.5 MiB, unless the cluster is configured otherwise. Shorten the configuration of the filter, or let the filter fetch what it needs.',
    };
  }
  if (status >= 500) {
    return {
      remedy:
        'Check the API server (`kubectl get --raw /readyz`), and whatever the message names, such as a webhook; then re-run the job.',
    };
  }
  return {};
}
