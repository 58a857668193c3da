/** The arithmetic of a Deployment's rollout: how large each ReplicaSet may be now (kubernetes: pkg/controller/deployment/rolling.go, sync.go). */
import { objectAt, stringAt } from '../json.ts';
import type { KubeObject } from '../objects.ts';
import { intOrPercent, numberAt } from './pods.ts';

export interface Limits {
  readonly replicas: number;
  readonly maxSurge: number;
  readonly maxUnavailable: number;
  readonly recreate: boolean;
}

/** One ReplicaSet as the arithmetic sees it, oldest first in lists. */
export interface Sized {
  readonly name: string;
  /** `spec.replicas` */
  readonly size: number;
  readonly available: number;
  readonly newest: boolean;
  /** The Deployment's size when this one was last scaled; NaN when unknown. */
  readonly desired: number;
  readonly podsLeft: boolean;
}

export function sizeOf(set: KubeObject): number {
  return numberAt(set, ['spec', 'replicas'], 1);
}

/** The limits of a Deployment; surge rounds up, unavailable rounds down, and one of them is at least 1. */
export function limitsOf(deployment: KubeObject): Limits {
  const replicas = numberAt(deployment, ['spec', 'replicas'], 1);
  if (stringAt(deployment, 'spec', 'strategy', 'type') === 'Recreate')
    return { replicas, maxSurge: 0, maxUnavailable: 0, recreate: true };
  const rolling = objectAt(deployment, 'spec', 'strategy', 'rollingUpdate');
  const maxSurge = intOrPercent(rolling.maxSurge, replicas, 'up');
  const unavailable = intOrPercent(rolling.maxUnavailable, replicas, 'down');
  const maxUnavailable = maxSurge === 0 && unavailable === 0 ? 1 : unavailable;
  return { replicas, maxSurge, maxUnavailable: Math.min(maxUnavailable, replicas), recreate: false };
}

/** The sizes to set, by ReplicaSet name; one that is not named keeps its size. */
export function reconcileSizes(sets: readonly Sized[], limits: Limits, paused: boolean): Map<string, number> {
  const scaled = sets.some((set) => set.size > 0 && !Number.isNaN(set.desired) && set.desired !== limits.replicas);
  if (paused || scaled) return scale(sets, limits);
  const newest = sets.find((set) => set.newest);
  if (newest === undefined) return new Map();
  return limits.recreate ? recreate(sets, newest, limits) : roll(sets, newest, limits);
}

function sum(sets: readonly Sized[], value: (set: Sized) => number): number {
  return sets.reduce((total, set) => total + value(set), 0);
}

function recreate(sets: readonly Sized[], newest: Sized, limits: Limits): Map<string, number> {
  const old = sets.filter((set) => set !== newest);
  const running = old.filter((set) => set.size > 0);
  if (running.length > 0) return new Map(running.map((set) => [set.name, 0]));
  if (old.some((set) => set.podsLeft)) return new Map();
  return new Map([[newest.name, limits.replicas]]);
}

/** First the new ReplicaSet grows; only when it cannot, the old ones shrink. */
function roll(sets: readonly Sized[], newest: Sized, limits: Limits): Map<string, number> {
  const total = sum(sets, (set) => set.size);
  if (newest.size > limits.replicas) return new Map([[newest.name, limits.replicas]]);
  const room = limits.replicas + limits.maxSurge - total;
  const grow = Math.min(room, limits.replicas - newest.size);
  if (grow > 0) return new Map([[newest.name, newest.size + grow]]);
  return shrinkOld(sets, newest, limits);
}

function shrinkOld(sets: readonly Sized[], newest: Sized, limits: Limits): Map<string, number> {
  const old = sets.filter((set) => set !== newest);
  const sizes = new Map(old.map((set) => [set.name, set.size]));
  const minAvailable = limits.replicas - limits.maxUnavailable;
  const newestUnavailable = newest.size - newest.available;
  let budget = sum(sets, (set) => set.size) - minAvailable - newestUnavailable;
  if (budget <= 0) return new Map();
  for (const set of old) {
    const unhealthy = Math.max(0, Math.min(budget, set.size - set.available));
    sizes.set(set.name, set.size - unhealthy);
    budget -= unhealthy;
  }
  let surplus = sum(sets, (set) => set.available) - minAvailable;
  for (const set of old) {
    const size = sizes.get(set.name) ?? 0;
    const down = Math.max(0, Math.min(size, surplus));
    sizes.set(set.name, size - down);
    surplus -= down;
  }
  return sizes;
}

/** The Deployment was scaled: one active ReplicaSet takes it all, several share in proportion to their size. */
function scale(sets: readonly Sized[], limits: Limits): Map<string, number> {
  const active = sets.filter((set) => set.size > 0);
  const newest = sets.find((set) => set.newest);
  const [only] = active;
  if (active.length <= 1) {
    const target = only ?? newest ?? sets.at(-1);
    return target === undefined ? new Map() : new Map([[target.name, limits.replicas]]);
  }
  if (newest !== undefined && newest.size === limits.replicas && newest.available === limits.replicas) {
    return new Map(sets.filter((set) => set !== newest).map((set) => [set.name, 0]));
  }
  if (limits.recreate) return new Map();
  return proportional(active, limits);
}

function proportional(active: readonly Sized[], limits: Limits): Map<string, number> {
  const total = sum(active, (set) => set.size);
  const allowed = limits.replicas > 0 ? limits.replicas + limits.maxSurge : 0;
  const toAdd = allowed - total;
  // The largest get their share first, newer ones before older; what rounding leaves over goes to the first.
  const order = [...active].reverse().sort((a, b) => b.size - a.size);
  const sizes = new Map<string, number>();
  let added = 0;
  for (const set of order) {
    const left = toAdd - added;
    const base = Number.isNaN(set.desired) || set.desired === 0 ? limits.replicas : set.desired + limits.maxSurge;
    const share = Math.round((set.size * allowed) / Math.max(1, base)) - set.size;
    const change = toAdd > 0 ? Math.max(0, Math.min(share, left)) : Math.min(0, Math.max(share, left));
    sizes.set(set.name, Math.max(0, set.size + change));
    added += change;
  }
  const [first] = order;
  if (first !== undefined) sizes.set(first.name, Math.max(0, (sizes.get(first.name) ?? 0) + toAdd - added));
  return sizes;
}
