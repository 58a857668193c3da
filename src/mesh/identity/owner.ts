import { defined } from '../../base/defined.ts';
import { dataKey, isObject, pick } from '../../base/json.ts';
import { listWords } from '../../base/text.ts';
import type { Workload } from '../../cluster/objects.ts';
import { type Applier, findApplier } from './applier.ts';

/** The object whose controller makes a workload and may put its pod template back. */
export interface Owner {
  /** `Revision hello-00001`. */
  readonly object: string;
  /** `Revision`. */
  readonly kind: string;
  /** What is known of its controller; omitted for one of which nothing is. */
  readonly controller?: Controller;
}

/** A controller of which it is known what it does to the pod templates that it makes. */
export interface Controller {
  readonly name: string;
  /** What becomes of the filter: the end of a sentence, without a full stop. */
  readonly effect: string;
  /** Where the annotations and the label go to stay for good. */
  readonly place: string;
}

/**
 * Controllers by the API group of what they make workloads of.
 * - Knative Serving wrote the whole spec again (knative/serving pkg/reconciler/revision/cruds.go, `checkAndUpdateDeployment`), and
 *   since pull request 16199, first released with 1.21, carries over labels and annotations that are not its own.
 * - KServe without Knative updated the whole Deployment, too, and now sends what it wants as a strategic merge patch, which takes
 *   nothing away (kserve/kserve pkg/controller/v1beta1/inferenceservice/reconcilers/deployment/deployment_reconciler.go, `Reconcile`).
 *   With Knative, the owner is a Revision.
 */
const CONTROLLERS: Readonly<Record<string, Controller>> = {
  'serving.knative.dev': {
    name: 'Knative Serving',
    effect:
      'which before version 1.21 puts the pod template back at once, and since then keeps what others add; a new Revision starts without the filter in any case',
    place: 'spec.template.metadata of the Knative Service',
  },
  'serving.kserve.io': {
    name: 'KServe',
    effect:
      'which merges its own pod template into this one, so that the filter stays; older versions put it back at once',
    place: 'metadata of the InferenceService, which passes them on',
  },
};

const OURS = 'deploy-wasm-filter';

/** What controls a workload, by its owner references; `undefined` if nothing does. */
export function findOwner({ metadata }: Workload): Owner | undefined {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (owner === undefined) return undefined;
  const [group = ''] = owner.apiVersion?.split('/') ?? [];
  const controller = Object.hasOwn(CONTROLLERS, group) ? CONTROLLERS[group] : undefined;
  return { object: `${owner.kind} ${owner.name}`, kind: owner.kind, ...defined({ controller }) };
}

/** The field managers, besides ours, that hold something of a workload's pod template, the latest first. */
export function templateManagers({ metadata }: Workload): string[] {
  const holders = (metadata.managedFields ?? [])
    .filter(({ manager, fieldsV1 }) => manager !== OURS && isObject(pick(fieldsV1, 'f:spec', 'f:template')))
    .toSorted((a, b) => (b.time ?? '').localeCompare(a.time ?? ''));
  return [...new Set(holders.flatMap(({ manager }) => manager ?? []))];
}

/** The field manager that wrote a workload's pod template last, if it did since this action wrote there; times are of whole seconds. */
function latestWriter({ metadata }: Workload): string | undefined {
  const entries = metadata.managedFields ?? [];
  const ours = entries.filter(({ manager }) => manager === OURS).map(({ time = '' }) => time);
  const since = ours.toSorted().at(-1) ?? '';
  const [writer] = entries
    .filter(({ manager, fieldsV1 }) => manager !== OURS && isObject(pick(fieldsV1, 'f:spec', 'f:template')))
    .filter(({ time = '' }) => time >= since)
    .toSorted((a, b) => (b.time ?? '').localeCompare(a.time ?? ''));
  return writer?.manager;
}

/**
 * Who put a workload's pod template back, as far as it is known: who wrote it since, which nobody may have who only took something
 * away, and whose controller may have done it. For a sentence after "by".
 */
export function describeTemplateKeeper(workload: Workload): string {
  const owner = findOwner(workload);
  const applier = sourceOf(workload);
  const writer = latestWriter(workload);
  const by = writer === undefined ? '' : ` (field manager "${writer}")`;
  if (owner?.controller !== undefined)
    return `${owner.controller.name}, the controller of its owner, ${owner.object}${by}`;
  if (owner !== undefined) {
    const who = writer === undefined ? 'an unknown client' : `the field manager "${writer}"`;
    return `${who} (its owner is ${owner.object}, whose controller may have done it)`;
  }
  if (applier !== undefined) return `${applier.tool}, ${applier.object}${by}`;
  return writer === undefined ? 'another client' : `the field manager "${writer}"`;
}

/** What to do so that whoever makes a workload's pod template makes it with the filter, or that somebody did it by hand. */
export function keeperRemedy(workload: Workload): string {
  const owner = findOwner(workload);
  if (owner === undefined && isByHand(workload))
    return 'Somebody has changed it by hand, as "kubectl rollout undo" does. Find out why, and re-run the job if the filter is to be deployed there.';
  const where = owner === undefined ? keptIn(sourceOf(workload)) : placeIn(owner);
  return `Put the two annotations and the label into ${where} ("command: render" writes them to files), or take the workload out of the target list.`;
}

/** `kubectl edit`, `kubectl rollout undo`: some name themselves, others `kubectl` alone. What applies files is none of them. */
const BY_HAND = /^kubectl(-(?!.*apply)|$)/;

/** Whether somebody has changed a workload's pod template by hand since this action wrote there. */
function isByHand(workload: Workload): boolean {
  const writer = latestWriter(workload);
  return writer !== undefined && BY_HAND.test(writer);
}

/** Whoever has applied a file by hand says nothing of who has put a template back; nor is it a tool's doing what was done by hand since. */
function sourceOf(workload: Workload): Applier | undefined {
  if (isByHand(workload)) return undefined;
  const applier = findApplier(workload);
  return applier?.tool === 'kubectl apply' ? undefined : applier;
}

function placeIn({ object, controller }: Owner): string {
  return controller?.place ?? `the template that ${object} has`;
}

function keptIn(applier: Applier | undefined): string {
  if (applier === undefined) return 'what it writes';
  return applier.tool === 'Helm' ? `the chart of ${applier.object}` : `Git, where ${applier.tool} takes them from`;
}

/** A workload that a controller makes. */
export interface OwnedWorkload {
  readonly name: string;
  readonly owner: Owner;
  readonly workload: Workload;
}

/** Returns what workloads have in common whose owners one sentence can be about. */
export function ownerGroup({ owner, workload }: OwnedWorkload): string {
  return owner.controller?.name ?? dataKey([owner.kind, templateManagers(workload)]);
}

const MAX_NAMED = 3;

/** That others make the pod templates of workloads and may put them back, before anything is written: one sentence for an `ownerGroup`. */
export function ownerSentence(owned: readonly [OwnedWorkload, ...OwnedWorkload[]]): string {
  const [{ owner, workload }] = owned;
  const one = owned.length === 1;
  const names = listWords(
    owned.map(({ name }) => name),
    'and',
    MAX_NAMED,
  );
  const objects = listWords([...new Set(owned.map((entry) => entry.owner.object))], 'and', MAX_NAMED);
  const belong = `${names} ${one ? 'belongs' : 'belong'} to ${objects}`;
  const { controller } = owner;
  if (controller !== undefined) {
    return `${belong} of ${controller.name}, ${controller.effect}. To be safe, put the two annotations and the label into ${controller.place}; "command: render" writes them to files.`;
  }
  const managers = templateManagers(workload).map((manager) => `"${manager}"`);
  const held = managers.length === 0 ? '' : ` (its pod template is held by ${listWords(managers, 'and')})`;
  return `${belong}${one ? held : held.replace('its pod template is', 'their pod templates are')}, whose controller may put the pod template back. If it does, put the two annotations and the label into the template that ${objects} has; "command: render" writes them to files.`;
}
