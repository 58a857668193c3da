import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleProgram } from '../../scripts/bundle-program.ts';
import { accessTo } from '../../test/harness/access.ts';
import { inputsFor, runAction } from '../action.ts';
import { deploymentsOf, Fleet } from '../fleet.ts';
import { type Competitor, folderOf, type Lab, type Way } from '../lab.ts';
import { measured } from '../measured.ts';
import type { Cost, Size } from '../results.ts';
import {
  type Answered,
  type ClientAccess,
  type ClientPlan,
  type PlannedWrite,
  type ReaderPlan,
  renewed,
  replayed,
} from './plan.ts';

const CLIENT = join(import.meta.dirname, 'client.ts');

/** Makes the bare client that does what a run of the action writes, and nothing else. */
export async function limit(lab: Lab, size: Size): Promise<Competitor> {
  const fleet = await Fleet.create(lab.api, `${lab.prefix}-limit-${size.workloads}-${size.namespaces}`, size);
  const writes = await writesOfAction(lab, fleet);
  return {
    cycle: async (take, round) => {
      await take('limit', 'deploy', (way) => runClient(lab, way, renewed(writes, `${round}`)));
      await fleet.expect('filtered');
      await fleet.settled();
      await fleet.reset();
      await take('limit-seen', 'deploy', async (way) =>
        runClient(lab, way, renewed(writes, `${round}, seen`), await watchesOf(fleet)),
      );
      await fleet.expect('filtered');
      await fleet.reset();
    },
    end: () => fleet.remove(),
  };
}

/** Has the action deploy to the Deployments once, and returns what it has written. */
async function writesOfAction(lab: Lab, fleet: Fleet): Promise<readonly PlannedWrite[]> {
  lab.recorder.reset();
  await runAction(lab, lab.recorded, 'deployed', inputsFor(fleet));
  const writes = replayed(lab.recorder.writes);
  await fleet.reset();
  return writes;
}

/** Watches that begin with what is there now. */
async function watchesOf({ api, namespaces }: Fleet): Promise<string[]> {
  return await Promise.all(
    namespaces.map(async (namespace) => {
      const { metadata } = await api.get(`${deploymentsOf(namespace)}?limit=1`);
      return `${deploymentsOf(namespace)}?watch=true&resourceVersion=${metadata.resourceVersion}`;
    }),
  );
}

/** Makes the bare reader that asks what a run of the action asks that changes nothing, as a process of its own. */
export async function readLimit(lab: Lab, size: Size): Promise<Competitor> {
  const fleet = await Fleet.create(lab.api, `${lab.prefix}-reader-${size.workloads}`, size);
  await runAction(lab, lab.straight, 'deployed', inputsFor(fleet));
  lab.recorder.reset();
  await runAction(lab, lab.recorded, 'unchanged', inputsFor(fleet));
  const others = lab.recorder.requests.filter(({ method, path }) => method !== 'GET' || path.includes('watch='));
  if (others.length > 0) throw new Error(`a run without a change does more than read: ${others[0]?.path}`);
  const paths = lab.recorder.requests.map(({ path }) => path);
  const folder = await folderOf(lab, 'reader');
  await bundleProgram('bench/limit/reader.ts', 'reader', folder);
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  return {
    cycle: (take) =>
      take('limit', 'no-op', async ({ kubeconfig }) => {
        const plan: ReaderPlan = { ...(await clientAccess(kubeconfig)), paths };
        const file = join(folder, 'plan.json');
        await writeFile(file, JSON.stringify(plan));
        return await measured(lab.programs.measure, [process.execPath, join(folder, 'reader.js'), file]);
      }),
    end: () => fleet.remove(),
  };
}

async function runClient(
  lab: Lab,
  { kubeconfig }: Way,
  writes: readonly PlannedWrite[],
  watches: readonly string[] = [],
): Promise<Cost> {
  const plan: ClientPlan = { ...(await clientAccess(kubeconfig)), writes, watches };
  const file = join(await folderOf(lab, 'limit'), 'plan.json');
  await writeFile(file, JSON.stringify(plan));
  const child = spawn(process.execPath, [CLIENT, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk) => (text += chunk));
  const code = await new Promise((done, failed) => child.on('close', done).on('error', failed));
  if (code !== 0) throw new Error(`the bare client ended with ${code}`);
  return JSON.parse(text) as Answered;
}

/** What a bare client needs of a kubeconfig. */
async function clientAccess(kubeconfig: string): Promise<ClientAccess> {
  const access = await accessTo(kubeconfig);
  const { tls, headers } = await access.identify();
  return { server: access.server, tls: pem(tls), headers };
}

function pem(tls: object): ClientPlan['tls'] {
  const texts = Object.entries(tls).filter(([name, value]) => ['ca', 'cert', 'key'].includes(name) && value);
  return Object.fromEntries(texts.map(([name, value]) => [name, String(value)]));
}
