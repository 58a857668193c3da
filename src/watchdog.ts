import { appendFileSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { errorCommand, publishCrash } from './action/crash/publish.ts';
import { watchOver } from './action/crash/watchdog.ts';
import { commandFiles } from './action/runner/command-files.ts';
import { killGroup } from './action/runner/process-groups.ts';

/** The program that watches over the action: it says what happened when the action itself no longer can. */
// The signals of a cancel are for the action, which ends this program by itself.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
// Where nobody reads the log, outputs and summary are written all the same.
process.stdout.on('error', () => undefined);

watchOver({
  input: process.stdin,
  peakMemory,
  killGroup: (pid) => killGroup(process, pid),
  publish: (crash) =>
    publishCrash(
      crash,
      (title, message) => process.stdout.write(errorCommand(title, message)),
      commandFiles(process.env, { appendFileSync, statSync, truncateSync }),
    ),
});

/** Linux tells it (https://www.kernel.org/doc/html/latest/filesystems/proc.html, "status"). */
function peakMemory(pid: number): number | undefined {
  try {
    const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
  } catch {
    return undefined;
  }
}
