import { isNonEmpty } from '../../base/lists.ts';
import { count, listWords, nameSome } from '../../base/text.ts';
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
  return [
    ...logLevelWarnings(workloads),
    ...applierWarnings(written),
    ...ownerWarnings(written),
    ...otherPodsWarnings(written),
    ...injectedSidecarWarnings(written),
  ];
}

/**
 * Warns of pods that a change restarts beside those of its targets: the Deployment that lends a Rollout its pod template may keep pods
 * of its own, which `workloadRef.scaleDown` ends once at most.
 */
export function otherPodsWarnings(workloads: readonly PlannedWorkload[]): Warning[] {
  return workloads.flatMap(otherPodsWarning);
}

function otherPodsWarning({ ref, observed, patch }: PlannedWorkload): Warning[] {
  const others = patch?.spec === undefined ? undefined : targetKind(ref).binding.alsoRestarts(observed);
  if (others === undefined) return [];
  const subject = describeWorkload(ref);
  const { kind, name } = others;
  const [pods, them] = [count(others.count, 'pod'), others.count === 1 ? 'it' : 'them'];
  const text = `${subject} takes its pod template from ${kind} ${name}, which has ${pods} of its own. The change restarts ${them}, too, whatever the steps of ${subject}, and this run neither waits for ${them} nor verifies ${them}. If only ${subject} is to serve, scale ${kind} ${name} to 0 before (\`kubectl scale ${kind.toLowerCase()}/${name} -n ${ref.namespace} --replicas=0\`), also in the file that it comes from.`;
  return [{ topic: 'Further pods restart', subject, text }];
}

/** The pods of a Gateway are istiod's: no pod template of the run's could say how much their proxies log. */
function logLevelWarnings(workloads: readonly PlannedWorkload[]): Warning[] {
  const asking = workloads.filter(
    ({ ref, revisions }) =>
      targetKind(ref).binding.inPlace && revisions.some(({ revision }) => revision.settings.logLevel !== undefined),
  );
  if (asking.length === 0) return [];
  const names = asking.map(({ ref }) => describeWorkload(ref));
  const text = `${nameSome(names, MAX_NAMED)}: "log-level" changes nothing, because istiod makes the pods. \`istioctl proxy-config log POD -n NAMESPACE --level wasm:info\` changes it in a running proxy, until that restarts.`;
  return [{ topic: 'Log level', ...onlySubject(names), text }];
}

function applierWarnings(workloads: readonly PlannedWorkload[]): Warning[] {
  const applied = workloads.flatMap(({ ref, observed, revisions }) => {
    const holder = targetKind(ref).binding.templateHolder(observed);
    const applier = findApplier(holder);
    const mounts = revisions.some(({ podRevision }) => podRevision.image === undefined);
    const effect = applier && effectOf(holder, applier, mounts);
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
    const holder = targetKind(ref).binding.templateHolder(observed);
    const owner = findOwner(holder);
    return owner === undefined || patch?.spec === undefined
      ? []
      : [{ name: describeWorkload(ref), owner, workload: holder }];
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
