import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FilterHistory } from '../../harness/sidecar/filter-history.ts';
import type { ApiObject } from '../../kubelet/client.ts';
import { envoyFilter } from './builders.ts';

/** What is at each version: two names, each there or not. */
type States = readonly ReadonlyMap<string, ApiObject>[];

function statesOf(steps: readonly { name: string; deleted: boolean }[]): States {
  const states: ReadonlyMap<string, ApiObject>[] = [new Map()];
  for (const [index, { name, deleted }] of steps.entries()) {
    const next = new Map(states.at(-1));
    if (deleted) next.delete(name);
    else next.set(name, envoyFilter(name, [], { version: index + 1 }));
    states.push(next);
  }
  return states;
}

const STEP = fc.record({ name: fc.constantFrom('a', 'b'), deleted: fc.boolean() });

test('a watch that lags behind lists changes nothing: versions of a name only grow, and the last state is the true one', () => {
  fc.assert(
    fc.property(fc.array(STEP, { minLength: 1, maxLength: 20 }), fc.infiniteStream(fc.nat(3)), (steps, lags) => {
      const states = statesOf(steps);
      const history = new FilterHistory();
      const pending = steps.map((step, index) => ({ ...step, version: index + 1 }));
      for (let version = 1; version <= steps.length; version += 1) {
        // Some events of the watch come before the list, the others after it.
        const due = pending.findIndex((event) => event.version > version - (lags.next().value ?? 0));
        for (const event of pending.splice(0, due < 0 ? pending.length : due)) tell(history, event, states);
        history.list([...(states[version]?.values() ?? [])], version, version);
      }
      for (const event of pending) tell(history, event, states);

      const last = new Map<string, ApiObject>();
      const versions: Record<string, number[]> = { a: [], b: [] };
      for (const { name, version, object } of history.changes) {
        versions[name]?.push(version);
        if (object === undefined) last.delete(name);
        else last.set(name, object);
      }
      expect([...last.keys()].sort()).toEqual([...(states.at(-1)?.keys() ?? [])].sort());
      for (const list of Object.values(versions)) expect(list).toEqual([...new Set(list)].sort((x, y) => x - y));
    }),
  );
});

function tell(
  history: FilterHistory,
  { name, deleted, version }: { name: string; deleted: boolean; version: number },
  states: States,
): void {
  const object = states[version]?.get(name);
  if (deleted) history.remove(name, version, version);
  else if (object !== undefined) history.put(object, version);
}
