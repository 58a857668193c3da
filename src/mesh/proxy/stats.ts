/** The port on which each sidecar shows its statistics (https://istio.io/latest/docs/ops/deployment/application-requirements/). */
export const STATS_PORT = 15_090;
/** Where it shows them as text for Prometheus. */
export const STATS_PATH = '/stats/prometheus';

/** How often a proxy has taken or refused new listeners since its start. */
export interface ListenerUpdates {
  readonly rejected: number;
  readonly succeeded: number;
}

const REJECTED = /^envoy_listener_manager_lds_update_rejected(?:\{[^}\n]*\})? (\d+)/m;
const SUCCEEDED = /^envoy_listener_manager_lds_update_success(?:\{[^}\n]*\})? (\d+)/m;

/**
 * Reads Envoy's statistics in Prometheus' text format (`/stats/prometheus` on port 15090); `undefined` if they do not tell of
 * listener updates.
 */
export function parseListenerUpdates(text: string): ListenerUpdates | undefined {
  const [rejected, succeeded] = [REJECTED, SUCCEEDED].map((expression) => {
    const match = expression.exec(text);
    return match === null ? undefined : Number(match[1]);
  });
  return rejected === undefined || succeeded === undefined ? undefined : { rejected, succeeded };
}
