/** What GitHub's runner leaves an action after a cancel, in milliseconds (docs.github.com, "Workflow cancellation reference"). */
const RUNNER_PATIENCE_MS = 10_000;

/**
 * Cancels as GitHub's runner does: a signal, and later the one that nothing survives. An exit code then says that the run has ended
 * by itself, and in time.
 */
export function cancel(kill: (signal: NodeJS.Signals) => void, signal: NodeJS.Signals): void {
  kill(signal);
  setTimeout(() => kill('SIGKILL'), RUNNER_PATIENCE_MS).unref();
}
