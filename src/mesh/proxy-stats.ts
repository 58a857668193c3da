/** How often a proxy has taken or refused new listeners since its start. */
export interface ListenerUpdates {
  readonly rejected: number;
  readonly succeeded: number;
}

/**
 * Reads Envoy's statistics in Prometheus' text format (`/stats/prometheus` on port 15090); undefined when they do not tell of
 * listener updates.
 */
export function parseListenerUpdates(text: string): ListenerUpdates | undefined {
  const value = (name: string): number | undefined => {
    const match = new RegExp(`^envoy_listener_manager_lds_update_${name}(?:\\{[^}]*\\})? (\\d+)`, 'm').exec(text);
    return match === null ? undefined : Number(match[1]);
  };
  const [rejected, succeeded] = [value('rejected'), value('success')];
  return rejected === undefined || succeeded === undefined ? undefined : { rejected, succeeded };
}
