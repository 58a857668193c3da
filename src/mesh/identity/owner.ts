import { defined } from '../../base/defined.ts';
import { isObject, pick } from '../../base/json.ts';
import { listWords, nameSome } from '../../base/text.ts';
import type { Workload } from '../../cluster/objects.ts';
import { type GitOps, recogniseGitOps } from './gitops.ts';

/** The object whose controller makes a workload and may put its pod template back. */
export interface Owner {
  /** `Revision hello-00001`. */
  readonly object: string;
  /** Set where it is known to put back whatever others change. */
  readonly certain?: string;
}

/**
 * API groups whose controllers compare the whole spec of a workload with what they want and write it again. Knative Serving does in
 * knative/serving pkg/reconciler/revision/cruds.go (checkAndUpdateDeployment).
 */
const PUTS_BACK: Readonly<Record<string, string>> = { 'serving.knative.dev': 'Knative Serving' };

const OURS = 'deploy-wasm-filter';

/** What controls a workload, by its owner references; `undefined` if nothing does. */
export function findOwner({ metadata }: Workload): Owner | undefined {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (owner === undefined) return undefined;
  const [group = ''] = owner.apiVersion?.split('/') ?? [];
  const certain = PUTS_BACK[group];
  return { object: `${owner.kind} ${owner.name}`, ...defined({ certain }) };
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
  const gitOps = recogniseGitOps(workload);
  const writer = latestWriter(workload);
  const by = writer === undefined ? '' : ` (field manager "${writer}")`;
  if (owner?.certain !== undefined) return `${owner.certain}, the controller of its owner, ${owner.object}${by}`;
  if (owner !== undefined) {
    const who = writer === undefined ? 'an unknown client' : `the field manager "${writer}"`;
    return `${who} (its owner is ${owner.object}, whose controller may have done it)`;
  }
  if (gitOps !== undefined) return `${gitOps.tool}, ${gitOps.object}${by}`;
  return writer === undefined ? 'another client' : `the field manager "${writer}"`;
}

/** What to do so that whoever makes a workload's pod template makes it with the filter. */
export function keeperRemedy(workload: Workload): string {
  const owner = findOwner(workload);
  const where = owner === undefined ? keptIn(recogniseGitOps(workload)) : `the template that ${owner.object} has`;
  return `Put the two annotations and the label into ${where} ("command: render" writes them to files), or take the workload out of the target list.`;
}

function keptIn(gitOps: GitOps | undefined): string {
  return gitOps === undefined ? 'what it writes' : `Git, where ${gitOps.tool} takes them from`;
}

/** That others make a workload's pod template and may put it back, before anything is written. */
export function ownerWarning(workload: Workload, owner: Owner, names: readonly string[]): string {
  const managers = templateManagers(workload).map((manager) => `"${manager}"`);
  const by = managers.length === 0 ? '' : ` (its pod template is held by ${listWords(managers, 'and')})`;
  const who = nameSome(names, 3);
  return `${who} ${names.length === 1 ? 'belongs' : 'belong'} to ${owner.object}${by}, whose controller may put the pod template back. If it does, put the two annotations and the label into the template that ${owner.object} has; "command: render" writes them to files.`;
}
