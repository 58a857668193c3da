/** The work queue of a controller: keys in, one reconcile at a time, repeated after a while when asked to. */
import { controllerOf, type KubeObject } from '../objects.ts';
import type { Registry } from '../registry.ts';
import type { StoreEvent } from '../store.ts';

export interface Key {
  readonly namespace: string;
  readonly name: string;
}

export interface Controller {
  /** The objects whose state an event may concern. */
  keysFor(event: StoreEvent): readonly Key[];
  /** Brings one object closer to what it asks for. Gives the milliseconds after which to look again, if that is needed. */
  reconcile(key: Key): number | undefined;
}

export interface RunningController {
  stop(): void;
}

/** How often a reconcile that throws is tried again, in milliseconds. */
const RETRY_MS = 50;
/** Timers cannot wait longer than this. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The objects of a kind that exist now, and every later event, feed the queue; the work runs between other tasks. */
export function runController(registry: Registry, controller: Controller): RunningController {
  const queue = new Map<string, Key>();
  const timers = new Map<string, NodeJS.Timeout>();
  let scheduled = false;
  let stopped = false;

  const enqueue = (key: Key): void => {
    queue.set(`${key.namespace}/${key.name}`, key);
    if (scheduled || stopped) return;
    scheduled = true;
    setImmediate(work);
  };
  const later = (id: string, key: Key, ms: number): void => {
    clearTimeout(timers.get(id));
    const timer = setTimeout(
      () => {
        timers.delete(id);
        enqueue(key);
      },
      Math.min(ms, MAX_TIMER_MS),
    );
    timer.unref();
    timers.set(id, timer);
  };
  const work = (): void => {
    scheduled = false;
    if (stopped) return;
    const batch = [...queue];
    queue.clear();
    for (const [id, key] of batch) {
      try {
        const again = controller.reconcile(key);
        if (again !== undefined) later(id, key, again);
      } catch {
        // A write was refused, as in a namespace that is going away: the next try sees the new state.
        later(id, key, RETRY_MS);
      }
    }
  };
  const unsubscribe = registry.store.subscribe((event) => {
    for (const key of controller.keysFor(event)) enqueue(key);
  });
  return {
    stop() {
      stopped = true;
      unsubscribe();
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}

/** The key of an object. */
export function keyOf(object: KubeObject): Key {
  return { namespace: object.metadata.namespace ?? '', name: object.metadata.name };
}

/** The key of the object that controls this one, if it is of the given kind; else none. */
export function controllerKeys(object: KubeObject, kind: string): readonly Key[] {
  const owner = controllerOf(object);
  return owner?.kind === kind ? [{ namespace: object.metadata.namespace ?? '', name: owner.name }] : [];
}
