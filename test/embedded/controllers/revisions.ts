/** Hashes of pod templates, and the ControllerRevisions of StatefulSets and DaemonSets (kubernetes: pkg/controller/history). */
import { canonicalJson, equalJson, type JsonObject, objectAt } from '../json.ts';
import { controllerRef, copy, type KubeObject } from '../objects.ts';
import type { Registry } from '../registry.ts';
import { MANAGER, numberAt, ownedBy } from './pods.ts';

const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** A short hash in the alphabet of Kubernetes' `rand.SafeEncodeString` (FNV-1a, 32 bits). */
export function templateHash(value: unknown): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(canonicalJson(value))) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return [...String(hash)].map((digit) => ALPHABET[(digit.charCodeAt(0) * 7) % ALPHABET.length]).join('');
}

export interface Revisions {
  /** The revision of the object's present template. */
  readonly update: KubeObject;
  /** All revisions, oldest first. */
  readonly all: readonly KubeObject[];
}

/** The template a revision holds. */
export function revisionTemplate(revision: KubeObject): JsonObject {
  const { $patch: _patch, ...template } = objectAt(revision, 'data', 'spec', 'template');
  return template;
}

/** The hash part of a revision's name. */
export function revisionHash(revision: KubeObject): string {
  return revision.metadata.labels?.['controller-revision-hash'] ?? '';
}

/** Finds or creates the ControllerRevision of the object's template; a template that comes back gets its old revision as the newest. */
export function syncRevisions(registry: Registry, object: KubeObject): Revisions {
  const resource = registry.table.get('controllerrevisions');
  const template = objectAt(object, 'spec', 'template');
  const namespace = object.metadata.namespace ?? '';
  const existing = ownedBy(registry, resource, object).sort(
    (a, b) => numberAt(a, ['revision']) - numberAt(b, ['revision']),
  );
  const newest = numberAt(existing.at(-1), ['revision']);
  const equal = existing.findLast((revision) => equalJson(revisionTemplate(revision), template));
  if (equal === undefined) {
    const update = registry.create(resource, namespace, newRevision(object, template, newest + 1), {
      manager: MANAGER,
    });
    return { update, all: [...existing, update] };
  }
  if (numberAt(equal, ['revision']) === newest) return { update: equal, all: existing };
  const update = registry.update(resource, namespace, equal.metadata.name, { manager: MANAGER }, (live) => ({
    ...live,
    revision: newest + 1,
  }));
  return { update, all: [...existing.filter((revision) => revision !== equal), update] };
}

function newRevision(object: KubeObject, template: JsonObject, revision: number): KubeObject {
  const hash = templateHash(template);
  const labels = {
    ...(objectAt(template, 'metadata', 'labels') as Record<string, string>),
    'controller-revision-hash': hash,
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: { name: `${object.metadata.name}-${hash}`, labels, ownerReferences: [controllerRef(object)] },
    data: { spec: { template: { ...copy(template), $patch: 'replace' } } },
    revision,
  };
}

/** Removes the oldest revisions beyond the history limit that nothing uses. */
export function trimRevisions(
  registry: Registry,
  object: KubeObject,
  revisions: Revisions,
  used: ReadonlySet<string>,
): void {
  const limit = numberAt(object, ['spec', 'revisionHistoryLimit'], 10);
  const unused = revisions.all.filter(
    (revision) =>
      revision !== revisions.update && !used.has(revision.metadata.name) && !used.has(revisionHash(revision)),
  );
  for (const revision of unused.slice(0, Math.max(0, unused.length - limit))) {
    registry.store.remove(registry.table.get('controllerrevisions'), revision);
  }
}
