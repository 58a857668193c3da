import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { writeFiles } from '../scripts/docs/generated-file.ts';
import { isWrite } from '../test/harness/recorder.ts';
import type { RequestSpan } from '../test/harness/traffic.ts';
import { inputsFor, runAction } from './action.ts';
import { Fleet } from './fleet.ts';
import type { Lab } from './lab.ts';
import { commitOf } from './machine.ts';
import { benchPages } from './report/pictures.ts';
import { type DrawnRequest, type Timeline, timelinesFolder } from './report/timeline.ts';

const WORKLOADS = 100;

/** Deploys once to 100 Deployments through the recorder, keeps when each request began and ended, and draws it. */
export async function drawTimeline(lab: Lab, name: string): Promise<void> {
  const fleet = await Fleet.create(lab.api, `${lab.prefix}-timeline`, { workloads: WORKLOADS, namespaces: 1 });
  // The first run finds nothing in the caches of the machine.
  await runAction(lab, lab.recorded, 'deployed', inputsFor(fleet));
  await fleet.reset();
  lab.recorder.reset();
  const { startedMs, wallMs } = await runAction(lab, lab.recorded, 'deployed', inputsFor(fleet));
  const requests = lab.recorder.traffic.spans.map((span) => drawn(span, startedMs - performance.timeOrigin, wallMs));
  const commit = (await commitOf(lab.dist)) ?? 'unknown';
  const timeline: Timeline = { workloads: WORKLOADS, commit, wallMs: rounded(wallMs), requests };
  await mkdir(timelinesFolder(), { recursive: true });
  await writeFile(join(timelinesFolder(), `${name}.json`), `${JSON.stringify(timeline)}\n`);
  await writeFiles(benchPages());
  await fleet.remove();
}

function drawn(span: RequestSpan, startedMs: number, wallMs: number): DrawnRequest {
  const { path, beganMs, endedMs = startedMs + wallMs } = span;
  const kind = isWrite(span) ? 'write' : path.includes('watch=true') ? 'watch' : 'read';
  return { kind, beganMs: rounded(beganMs - startedMs), endedMs: rounded(endedMs - startedMs) };
}

const rounded = (ms: number): number => Math.round(ms * 10) / 10;
