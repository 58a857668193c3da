import { performance } from 'node:perf_hooks';
import { inputsFor, runAction } from './action.ts';
import { Fleet } from './fleet.ts';
import type { Competitor, Lab } from './lab.ts';
import { measured } from './measured.ts';

/** How often a round starts Node: one start takes little, and varies. */
const STARTS = 3;

/** Starts Node without a program, and the action up to its first request, which is the unit of the first and what it is compared with. */
export async function start(lab: Lab): Promise<Competitor> {
  const fleet = await Fleet.create(lab.api, `${lab.prefix}-start`, { workloads: 1, namespaces: 1 });
  await runAction(lab, lab.straight, 'deployed', inputsFor(fleet));
  return {
    cycle: async (take) => {
      for (let index = 0; index < STARTS; index++) {
        await take('node', 'start', () => measured(lab.programs.measure, [process.execPath, '-e', '0']));
        await take('action', 'start', () => toFirstRequest(lab, fleet));
      }
    },
    end: () => fleet.remove(),
  };
}

/** Runs the action through the recorder, and returns what it took with the time to its first request in place of the whole. */
async function toFirstRequest(lab: Lab, fleet: Fleet) {
  lab.recorder.reset();
  const { startedMs, ...cost } = await runAction(lab, lab.recorded, 'unchanged', inputsFor(fleet));
  const [first] = lab.recorder.traffic.spans;
  if (first === undefined) throw new Error('the action has asked for nothing');
  return { ...cost, wallMs: performance.timeOrigin + first.beganMs - startedMs };
}
