import { inputsFor, runAction } from './action.ts';
import { Fleet } from './fleet.ts';
import type { Competitor, Lab } from './lab.ts';
import type { Size } from './results.ts';

/** The action on the embedded server, for what it costs itself with a growing number of workloads. */
export async function embedded(lab: Lab, size: Size): Promise<Competitor> {
  const fleet = await Fleet.create(lab.api, `${lab.prefix}-embedded-${size.workloads}`, size);
  return {
    cycle: async (take, round) => {
      const inputs = { ...inputsFor(fleet), configuration: `x: ${round}` };
      await take('embedded', 'deploy', (way) => runAction(lab, way, 'deployed', inputs));
      await take('embedded', 'no-op', (way) => runAction(lab, way, 'unchanged', inputs));
      await take('embedded', 'remove', (way) => runAction(lab, way, 'removed', { ...inputs, command: 'remove' }));
    },
    end: () => fleet.remove(),
  };
}
