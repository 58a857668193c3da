/**
 * An imitation of the controller of Argo Rollouts: canaries without a traffic router and blue-green Rollouts, their pauses, promotion
 * and abort, and templates of Deployments. Of analyses it knows those of canary steps, beside a canary and before a promotion, which come
 * to what the template is called after: "fails" or "inconclusive". It knows no experiments, Services and deadlines.
 */
import { at, isList, isObject, type Json, type JsonObject, objectAt, stringAt } from '../json.ts';
import { controllerRef, copy, type KubeObject, timestamp } from '../objects.ts';
import type { Registry } from '../registry.ts';
import type { Resource } from '../resources.ts';
import type { StoreEvent } from '../store.ts';
import { type Course, courseOf, rolloutStatus } from './argo-rollout-status.ts';
import { MANAGER, numberAt, ownedBy, writeStatus } from './pods.ts';
import { templateHash } from './revisions.ts';
import { sizeOf } from './rollout.ts';
import { type Controller, controllerKeys, type Key, keyOf } from './runner.ts';

const HASH = 'rollouts-pod-template-hash';
const GENERATION = 'rollout.argoproj.io/workload-generation';
const DELAY_SECONDS = 30;

/** A Rollout with the template and selector that are in force. */
interface Resolved {
  readonly rollout: KubeObject;
  readonly template: JsonObject;
  readonly selector: JsonObject;
  readonly generation: string | undefined;
}

export class ArgoRolloutController implements Controller {
  readonly #registry: Registry;
  readonly #rollouts: Resource;
  readonly #sets: Resource;
  /** When old ReplicaSets of blue-green Rollouts may go, by uid. */
  readonly #retired = new Map<string, number>();

  constructor(registry: Registry) {
    this.#registry = registry;
    this.#rollouts = registry.table.get('rollouts');
    this.#sets = registry.table.get('replicasets');
  }

  keysFor({ resource, object }: StoreEvent): readonly Key[] {
    if (resource.kind === 'Rollout') return [keyOf(object)];
    if (resource.kind === 'ReplicaSet') return controllerKeys(object, 'Rollout');
    if (resource.kind !== 'Deployment') return [];
    return [...this.#registry.store.values(this.#rollouts)]
      .filter((rollout) => rollout.metadata.namespace === object.metadata.namespace)
      .filter((rollout) => stringAt(rollout, 'spec', 'workloadRef', 'name') === object.metadata.name)
      .map(keyOf);
  }

  reconcile(key: Key): number | undefined {
    const rollout = this.#registry.store.get(this.#rollouts, key.namespace, key.name);
    if (rollout === undefined || rollout.metadata.deletionTimestamp !== undefined) return undefined;
    const resolved = this.#resolve(rollout);
    if (resolved === undefined) return undefined;
    // Another hash than a Deployment's of the same template, which may have the same name.
    const hash = templateHash({ rollout: resolved.template });
    const newest = this.#setOf(resolved, hash);
    const sets = ownedBy(this.#registry, this.#sets, rollout);
    const before = courseOf(rollout);
    const steps = stepsOf(rollout);
    // A new template begins anew; that of the stable ReplicaSet needs no steps.
    const course: Course =
      before.currentPodHash === hash
        ? before
        : {
            currentPodHash: hash,
            stableRS: before.stableRS,
            abort: false,
            abortedFor: '',
            analysis: undefined,
            controllerPause: false,
            pauses: [],
            step: steps.length === 0 ? undefined : before.stableRS === hash ? steps.length : 0,
          };
    const stable = sets.find((set) => hashOf(set) === course.stableRS);
    const isBlueGreen = isObject(objectAt(rollout, 'spec', 'strategy').blueGreen);
    const isPaused = objectAt(rollout, 'spec').paused === true;
    const advanced = isPaused
      ? course
      : isBlueGreen
        ? this.#blueGreen(rollout, course, newest, stable)
        : this.#canary(rollout, course, newest, sets, steps);
    const now = ownedBy(this.#registry, this.#sets, rollout);
    const active = isBlueGreen ? now.filter((set) => hashOf(set) === (advanced.stableRS || hash)) : now;
    const shown = { sets: now, newest: now.find((set) => hashOf(set) === hash), active };
    writeStatus(this.#registry, this.#rollouts, rollout, rolloutStatus(rollout, advanced, shown, resolved.generation));
    return isBlueGreen && advanced.stableRS === hash ? this.#retire(rollout, now, hash) : undefined;
  }

  #resolve(rollout: KubeObject): Resolved | undefined {
    const spec = objectAt(rollout, 'spec');
    const { namespace = '' } = rollout.metadata;
    const name = stringAt(spec, 'workloadRef', 'name');
    if (name === '') {
      return {
        rollout,
        template: objectAt(spec, 'template'),
        selector: objectAt(spec, 'selector'),
        generation: undefined,
      };
    }
    const source = this.#registry.store.get(this.#registry.table.get('deployments'), namespace, name);
    if (source === undefined) return undefined;
    const generation = String(source.metadata.generation ?? 0);
    if (rollout.metadata.annotations?.[GENERATION] !== generation) {
      this.#update(this.#rollouts, rollout, (live) => {
        live.metadata.annotations = { ...live.metadata.annotations, [GENERATION]: generation };
      });
    }
    return {
      rollout,
      template: objectAt(source, 'spec', 'template'),
      selector: objectAt(source, 'spec', 'selector'),
      generation,
    };
  }

  /** The ReplicaSet of the present template: found, or created without pods. */
  #setOf({ rollout, template, selector }: Resolved, hash: string): KubeObject {
    const { namespace = '', name: owner } = rollout.metadata;
    const name = `${owner}-${hash}`;
    const known = this.#registry.store.get(this.#sets, namespace, name);
    if (known !== undefined) return known;
    const labels = { ...objectAt(template, 'metadata', 'labels'), [HASH]: hash } as Record<string, string>;
    const set: KubeObject = {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: { name, labels, ownerReferences: [controllerRef(rollout)] },
      spec: {
        replicas: 0,
        selector: { ...copy(selector), matchLabels: { ...objectAt(selector, 'matchLabels'), [HASH]: hash } },
        template: { ...copy(template), metadata: { ...objectAt(template, 'metadata'), labels } },
      },
    };
    return this.#registry.create(this.#sets, namespace, set, { manager: MANAGER });
  }

  #canary(
    rollout: KubeObject,
    course: Course,
    newest: KubeObject,
    sets: readonly KubeObject[],
    steps: readonly JsonObject[],
  ): Course {
    const wanted = numberAt(rollout, ['spec', 'replicas'], 1);
    const isStable = course.stableRS === '' || course.stableRS === course.currentPodHash;
    const isThrough = isStable || course.step === undefined || course.step >= steps.length;
    const weight = course.abort ? 0 : isThrough ? 100 : weightAt(steps, course.step ?? 0);
    const size = weight === 0 ? 0 : Math.max(1, Math.round((wanted * weight) / 100));
    const others = sets.filter((set) => set.metadata.name !== newest.metadata.name);
    // Old pods go once enough new ones are available, new ones of an abort once the old ones are back.
    const rest = wanted - size;
    if (course.abort) {
      const stable = others.find((set) => hashOf(set) === course.stableRS);
      if (stable !== undefined) this.#scale(stable, wanted);
      if (available(stable) >= wanted) this.#scale(newest, 0);
      return { ...course, controllerPause: false, pauses: [], step: course.step === undefined ? undefined : 0 };
    }
    this.#scale(newest, size);
    const isUp = available(newest) >= size;
    const beside = objectAt(rollout, 'spec', 'strategy', 'canary').analysis;
    if (isUp && !isStable && fails(beside)) return abortedBy(course, 'Background');
    if (isUp) for (const set of others) this.#scale(set, hashOf(set) === course.stableRS ? rest : 0);
    const left = others.reduce((sum, set) => sum + numberAt(set, ['status', 'replicas']), 0);
    const isReached = isUp && (isStable || left === rest);
    if (!isReached) return course;
    if (isThrough) return { ...course, stableRS: course.currentPodHash };
    const step = steps[course.step ?? 0] ?? {};
    return isObject(step.analysis) ? analysed(course, step.analysis, newest.metadata.name) : stepped(course, step);
  }

  #blueGreen(rollout: KubeObject, course: Course, newest: KubeObject, stable: KubeObject | undefined): Course {
    const wanted = numberAt(rollout, ['spec', 'replicas'], 1);
    const through = { ...course, stableRS: course.currentPodHash, controllerPause: false, pauses: [] };
    const wasRetired = this.#retired.delete(newest.metadata.uid ?? '');
    if (course.abort) {
      this.#scale(newest, 0);
      return { ...course, controllerPause: false, pauses: [] };
    }
    this.#scale(newest, wanted);
    if (available(newest) < wanted) return course;
    if (stable === undefined || course.stableRS === course.currentPodHash || wasRetired) return through;
    const before = objectAt(rollout, 'spec', 'strategy', 'blueGreen').prePromotionAnalysis;
    if (fails(before)) return abortedBy(course, 'Blue/green pre-promotion');
    const byHand = objectAt(rollout, 'spec', 'strategy', 'blueGreen').autoPromotionEnabled === false;
    if (!byHand || (course.controllerPause && course.pauses.length === 0)) return through;
    return course.pauses.length > 0 ? course : paused(course, 'BlueGreenPause');
  }

  /** Lets old ReplicaSets go after their delay; gives the milliseconds until the next one may. */
  #retire(rollout: KubeObject, sets: readonly KubeObject[], hash: string): number | undefined {
    const delay = numberAt(rollout, ['spec', 'strategy', 'blueGreen', 'scaleDownDelaySeconds'], DELAY_SECONDS) * 1000;
    const waits = sets.flatMap((set) => {
      if (hashOf(set) === hash || sizeOf(set) === 0) return [];
      const { uid = '' } = set.metadata;
      const end = this.#retired.get(uid) ?? Date.now() + delay;
      this.#retired.set(uid, end);
      if (Date.now() < end) return [end - Date.now() + 1];
      this.#retired.delete(uid);
      this.#scale(set, 0);
      return [];
    });
    return waits.length === 0 ? undefined : Math.min(...waits);
  }

  #scale(set: KubeObject, replicas: number): void {
    if (sizeOf(set) === replicas) return;
    this.#update(this.#sets, set, (live) => {
      live.spec = { ...objectAt(live, 'spec'), replicas };
    });
  }

  #update(resource: Resource, { metadata }: KubeObject, change: (live: KubeObject) => void): void {
    this.#registry.update(resource, metadata.namespace ?? '', metadata.name, { manager: MANAGER }, (live) => {
      change(live);
      return live;
    });
  }
}

function hashOf(set: KubeObject): string {
  return set.metadata.labels?.[HASH] ?? '';
}

function available(set: KubeObject | undefined): number {
  return numberAt(set, ['status', 'availableReplicas']);
}

function stepsOf(rollout: KubeObject): readonly JsonObject[] {
  const steps = at(rollout, 'spec', 'strategy', 'canary', 'steps');
  return isList(steps) ? steps.filter(isObject) : [];
}

/** The weight of the last `setWeight` up to a step; 0 before the first one. */
function weightAt(steps: readonly JsonObject[], step: number): number {
  const weights = steps
    .slice(0, step + 1)
    .flatMap(({ setWeight }) => (typeof setWeight === 'number' ? [setWeight] : []));
  return weights.at(-1) ?? 0;
}

/** A step that is reached: a pause without end is left by whoever takes its condition away, any other by itself. */
function stepped(course: Course, { pause }: JsonObject): Course {
  const next: Course = { ...course, controllerPause: false, pauses: [], step: (course.step ?? 0) + 1 };
  if (!isObject(pause) || pause.duration !== undefined) return next;
  if (course.pauses.length > 0) return course;
  return course.controllerPause ? next : paused(course, 'CanaryPauseStep');
}

/** A step with an analysis, in the words of the controller; one without a result is left by whoever promotes it. */
function analysed(course: Course, analysis: JsonObject, set: string): Course {
  const index = course.step ?? 0;
  if (fails(analysis)) return abortedBy(course, 'Step-based');
  if (course.pauses.length > 0) return course;
  if (course.controllerPause) return { ...stepped(course, {}), analysis: undefined };
  const message = 'Metric "errors" assessed Inconclusive due to inconclusive (1) > inconclusiveLimit (0)';
  const run = { name: `${set}-2-${index}`, status: 'Inconclusive', message };
  return { ...paused(course, 'InconclusiveAnalysisRun'), analysis: run };
}

/** Whether an analysis is one that fails. */
function fails(analysis: Json | undefined): boolean {
  const templates = isObject(analysis) && isList(analysis.templates) ? analysis.templates.filter(isObject) : [];
  return templates.some(({ templateName }) => templateName === 'fails');
}

/** Aborted by an analysis, which it calls so. */
function abortedBy(course: Course, sort: string): Course {
  const measured = 'Metric "errors" assessed Failed due to failed (1) > failureLimit (0)';
  return { ...course, abort: true, abortedFor: `: ${sort} analysis phase error/failed: ${measured}` };
}

function paused(course: Course, reason: string): Course {
  return { ...course, controllerPause: true, pauses: [{ reason, startTime: timestamp() }] };
}
