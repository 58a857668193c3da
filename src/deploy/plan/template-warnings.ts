import { isNonEmpty } from '../../base/lists.ts';
import { listWords, nameSome } from '../../base/text.ts';
import { onlySubject, type Warning } from '../../base/warning.ts';
import { findApplier } from '../../mesh/identity/applier.ts';
import { describeEffect, effectOf } from '../../mesh/identity/applier-effect.ts';
import { findOwner, type OwnedWorkload, ownerGroup, ownerSentence } from '../../mesh/identity/owner.ts';
import { injectedSidecar } from '../../mesh/template/injection.ts';
import { describeWorkload } from '../../targets/target.ts';
import { targetKind } from '../kinds/kinds.ts';
import type { PlannedWorkload } from './plan.ts';

const MAX_NAMED = 3;

/** Warns how those whom pod templates come from will get on with this run: a sentence for each of them and what it does. */
export function templateWarnings(workloads: readonly PlannedWorkload[]): Warning[] {
  // Nothing of the target itself is written in place.
  const written = workloads.filter(({ ref, patch }) => patch !== undefined && !targetKind(ref).binding.inPlace);
  return [...applierWarnings(written), ...ownerWarnings(written), ...injectedSidecarWarnings(written)];
}

function applierWarnings(workloads: readonly PlannedWorkload[]): Warning[] {
  const applied = workloads.flatMap(({ ref, observed, revisions }) => {
    const applier = findApplier(observed);
    const mounts = revisions.some(({ podRevision }) => podRevision.image === undefined);
    const effect = applier && effectOf(observed, applier, mounts);
    return effect === undefined || applier === undefined ? [] : [{ name: describeWorkload(ref), applier, effect }];
  });
  const groups = Map.groupBy(
    applied,
    ({ applier, effect }) => `${applier.tool} ${effect} ${applier.object.split(' ')[0]}`,
  );
  return [...groups.values()].flatMap((group) => {
    if (!isNonEmpty(group)) return [];
    const [{ applier, effect }] = group;
    const names = group.map(({ name }) => name);
    const objects = [...new Set(group.map((one) => one.applier.object))].filter((object) => object !== '');
    const source = objects.length === 0 ? '' : ` (${listWords(objects, 'and', MAX_NAMED)})`;
    const belongs =
      applier.tool === 'kubectl apply' ? ['was applied', 'were applied', 'by'] : ['belongs', 'belong', 'to'];
    const text = `${nameSome(names, MAX_NAMED)} ${group.length === 1 ? belongs[0] : belongs[1]} ${belongs[2]} ${applier.tool}${source}: ${describeEffect(applier, effect)}`;
    return [{ topic: `Managed by ${applier.tool}`, ...onlySubject(names), text }];
  });
}

function ownerWarnings(workloads: readonly PlannedWorkload[]): Warning[] {
  const owned = workloads.flatMap(({ ref, observed, patch }): OwnedWorkload[] => {
    const owner = findOwner(observed);
    return owner === undefined || patch?.spec === undefined
      ? []
      : [{ name: describeWorkload(ref), owner, workload: observed }];
  });
  return [...Map.groupBy(owned, ownerGroup).values()].flatMap((group) =>
    isNonEmpty(group)
      ? [
          {
            topic: 'Managed by a controller',
            ...onlySubject(group.map(({ name }) => name)),
            text: ownerSentence(group),
          },
        ]
      : [],
  );
}

function injectedSidecarWarnings(workloads: readonly PlannedWorkload[]): Warning[] {
  const names = workloads.flatMap(({ ref, observed, revisions }) => {
    const mounted = revisions.some(({ podRevision }) => podRevision.image === undefined);
    return mounted && injectedSidecar(observed.spec?.template ?? {}) === 'injected' ? [describeWorkload(ref)] : [];
  });
  if (names.length === 0) return [];
  return [
    {
      topic: 'Sidecar in the pod template',
      ...onlySubject(names),
      text: `${nameSome(names, MAX_NAMED)} ${names.length === 1 ? 'has' : 'have'} a sidecar in the pod template already (annotation sidecar.istio.io/status, as "istioctl kube-inject" writes it). Istio mounts the filter there only where it injects the pods of the namespace, too.`,
    },
  ];
}
