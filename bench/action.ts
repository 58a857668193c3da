import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ActionInputs } from '../test/harness/action.ts';
import { Fleet } from './fleet.ts';
import type { Competitor, Lab, Way } from './lab.ts';
import { type MeasuredCost, measuredAction } from './measured.ts';
import type { Size } from './results.ts';

const NAME = 'bench';

/**
 * Makes Deployments for the action, which does everything that it can with them; they are at the end of a cycle as they were at first.
 * @param wholeCycles in how many rounds; in the others it deploys, again, and removes
 */
export async function action(lab: Lab, size: Size, wholeCycles = Number.POSITIVE_INFINITY): Promise<Competitor> {
  const fleet = await Fleet.create(lab.api, `${lab.prefix}-action-${size.workloads}-${size.namespaces}`, size);
  const run = (inputs: ActionInputs, expected: string) => (way: Way) =>
    runAction(lab, way, expected, { ...inputsFor(fleet), ...inputs });
  return {
    cycle: async (take, round) => {
      const first = { configuration: `x: ${round}, first` };
      const then = { configuration: `x: ${round}, then` };
      await take('action', 'deploy', run(first, 'deployed'));
      await fleet.expect('filtered');
      await take('action', 'no-op', run(first, 'unchanged'));
      if (round > wholeCycles) {
        await take('action', 'remove', run({ command: 'remove' }, 'removed'));
        await fleet.expect('plain');
        return;
      }
      await take('action', 'status', run({ command: 'status' }, 'reported'));
      await take('action', 'plan', run({ ...then, command: 'plan' }, 'planned'));
      await take('action', 'settings', run(then, 'deployed'));
      const shrink = await fleet.grow();
      await take('action', 'one-more', run(then, 'deployed'));
      await take('action', 'remove', run({ command: 'remove' }, 'removed'));
      await shrink();
      await fleet.expect('plain');
      await take('action-no-wait', 'deploy', run({ configuration: `x: ${round}, no wait`, wait: 'false' }, 'deployed'));
      await fleet.settled();
      await fleet.expect('filtered');
      await fleet.reset();
    },
    end: () => fleet.remove(),
  };
}

/** Deploys, and again: what a run without a change costs. */
export async function noOp(lab: Lab, size: Size): Promise<Competitor> {
  const fleet = await Fleet.create(lab.api, `${lab.prefix}-no-op-${size.workloads}`, size);
  await runAction(lab, lab.straight, 'deployed', inputsFor(fleet));
  return {
    cycle: (take) => take('action', 'no-op', (way) => runAction(lab, way, 'unchanged', inputsFor(fleet))),
    end: () => fleet.remove(),
  };
}

/** Many filters on each of the Deployments, by a manifest. */
export async function manifest(lab: Lab, size: Size, filters: number): Promise<Competitor> {
  const fleet = await Fleet.create(lab.api, `${lab.prefix}-manifest-${size.workloads}`, size);
  const namespace = fleet.namespaces[0] ?? '';
  const write = async (round: number): Promise<void> => {
    const lines = Array.from(
      { length: filters },
      (_, index) =>
        `  - { name: f${index}, filter: filter.wasm, configuration: 'x: ${index}, ${round}', targets: [{ selector: bench=yes, kinds: [deployment] }] }`,
    );
    const text = ['version: 1', `defaults: { namespace: ${namespace} }`, 'filters:', ...lines, ''].join('\n');
    await writeFile(join(lab.workspace, 'filters.yaml'), text);
  };
  const run =
    (expected: string, inputs: ActionInputs = {}) =>
    (way: Way) =>
      runAction(lab, way, expected, { manifest: 'filters.yaml', ...inputs });
  return {
    cycle: async (take, round) => {
      await write(round);
      await take('manifest', 'deploy', run('deployed'));
      await fleet.expect('filtered');
      await take('manifest', 'no-op', run('unchanged'));
      await take('manifest', 'remove', run('removed', { command: 'remove' }));
      await fleet.expect('plain');
    },
    end: () => fleet.remove(),
  };
}

/** Returns the inputs that deploy a filter to all Deployments of a fleet. */
export function inputsFor({ namespaces }: Fleet): ActionInputs {
  const targets = namespaces.map(
    (namespace) => `- {namespace: ${namespace}, selector: bench=yes, kinds: [deployment]}`,
  );
  return { name: NAME, filter: 'filter.wasm', configuration: 'x: 1', targets: targets.join('\n') };
}

/** Runs the built action over one of the ways, and returns what it took. Throws unless its result is the expected one. */
export async function runAction(
  { programs: { measure }, dist, workspace }: Lab,
  { file }: Way,
  expected: string,
  inputs: ActionInputs,
): Promise<MeasuredCost> {
  const { cost, run } = await measuredAction(measure, {
    program: join(dist, 'index.js'),
    workspace,
    inputs,
    environment: { KUBECONFIG: file },
  });
  if (run.outputs.result !== expected) throw new Error(`${run.outputs.result}, not ${expected}:\n${run.stdout}`);
  return cost;
}
