/**
 * Runs something until it ends, or until this process gets SIGINT or SIGTERM; takes away what it has made in either case, and ends the
 * process by the signal then. What still runs after one is told by its signal, and not waited for.
 */
export async function untilCancelled(
  use: (signal: AbortSignal) => Promise<void>,
  takeAway: () => Promise<void>,
): Promise<void> {
  const abort = new AbortController();
  const cancelled = Promise.withResolvers<never>();
  let received: NodeJS.Signals | undefined;
  const stop = (signal: NodeJS.Signals): void => {
    received ??= signal;
    const reason = new Error(`${received} was received`);
    abort.abort(reason);
    cancelled.reject(reason);
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    await Promise.race([use(abort.signal), cancelled.promise]);
  } catch (error) {
    if (received === undefined) throw error;
  } finally {
    await takeAway();
    process.off('SIGINT', stop).off('SIGTERM', stop);
    if (received !== undefined) process.kill(process.pid, received);
  }
}
