import { pick } from '../../src/base/json.ts';
import type { Workload } from '../../src/cluster/objects.ts';
import { controllerOf } from '../../src/cluster/pods.ts';
import { progressing } from '../../src/cluster/readiness.ts';
import { resource } from '../../src/cluster/resources.ts';
import { workloadKind } from '../../src/deploy/kinds/workload-kind.ts';

const RESOURCE = resource('example.test/v1', 'Fleet', 'fleets');

/** A made-up kind of target: a custom resource with words of its own for sizes, whose controller makes pods of `spec.template`. */
export const FLEET = workloadKind({
  resource: RESOURCE,
  shortNames: ['flt'],
  podReplacement: 'new-first',
  notInstalled: {
    message: 'The cluster has no Fleet resource (example.test), but the target list names one.',
    remedy: 'Install the controller of Fleets.',
  },
  podCounts: (fleet) => ({ wanted: sizeOf(fleet), ...countsOf(fleet), hasOld: true }),
  verdictOf: (fleet) => {
    const wanted = sizeOf(fleet);
    const { all, updated, ready } = countsOf(fleet);
    if (pick(fleet.status, 'observedGeneration') === undefined)
      return progressing('no controller has seen the fleet yet');
    if (updated < wanted) return progressing(`${updated} of ${wanted} ships are new`);
    if (all > updated) return progressing(`${all - updated} old ships still sail`);
    return ready < wanted ? progressing(`${ready} of ${wanted} ships are ready`) : undefined;
  },
  hasOldPods: (fleet) => countsOf(fleet).updated < countsOf(fleet).all,
  ownerOf: (pod) => controllerOf(pod, RESOURCE),
  blockerOf: ({ observed }) =>
    pick(observed.spec, 'inHarbour') === true
      ? { message: 'lies in harbour, where no ship is replaced.', remedy: 'Let it sail (inHarbour: false).' }
      : undefined,
  manualRollback: ({ namespace, name }) => ({ does: 'undo', command: `kubectl fleet undo ${name} -n ${namespace}` }),
});

/** The ships that a Fleet wants. */
export function sizeOf({ spec }: Workload): number {
  return numberAt(spec, 'size');
}

function countsOf({ status }: Workload): { readonly all: number; readonly updated: number; readonly ready: number } {
  const [all = 0, updated = 0, ready = 0] = ['ships', 'newShips', 'readyShips'].map((key) => numberAt(status, key));
  return { all, updated, ready };
}

function numberAt(value: unknown, key: string): number {
  return Number(pick(value, key) ?? 0);
}
