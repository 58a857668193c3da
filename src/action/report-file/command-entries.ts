import { defined } from '../../base/defined.ts';
import type { ValueOf } from '../../base/schema.ts';
import { sentence } from '../../base/text.ts';
import { planDigest } from '../../deploy/plan-digest.ts';
import type { FoundByCheck } from '../../deploy/report/check-report.ts';
import type { ImageReport } from '../../deploy/report/image-report.ts';
import type { Admission, MadePlan, ModuleVersion } from '../../deploy/report/plan-report.ts';
import type { NothingToRemove } from '../../deploy/report/removal-report.ts';
import type { RenderedFiles } from '../../deploy/report/render-report.ts';
import type { DeployPlan } from '../../deploy/report/report.ts';
import type { ScoutReport } from '../../deploy/report/scout-report.ts';
import type { FilterStatus, FoundStatus } from '../../deploy/report/status-report.ts';
import { envoyVersion } from '../../filter/compatibility/proxy-version.ts';
import type { SCOUTED } from './schema.ts';
import type {
  ADMISSION,
  CHECKED,
  DEPLOY_PLAN,
  MODULE,
  NOTHING,
  PLAN,
  RENDERED,
  STATUS,
  STATUS_OF_FILTER,
} from './schema-commands.ts';
import type { IMAGE } from './schema-parts.ts';
import { soakEntry } from './soak-entry.ts';
import { secondsOf, verificationEntry, workloadEntry } from './target-entry.ts';

function imageEntry({ filter, pinned, tag, state }: ImageReport): ValueOf<typeof IMAGE> {
  return { filter, pinned, ...defined({ tag }), state };
}

/** Returns what a deployment has planned before it wrote. */
export function deploymentEntry({ images, pluginKind, expires }: DeployPlan): ValueOf<typeof DEPLOY_PLAN> {
  return { images: images.map(imageEntry), pluginKind, ...defined({ expires }) };
}

/** Returns what scouts have tried. */
export function scoutsEntry({ durationMs, ...scouts }: ScoutReport): ValueOf<typeof SCOUTED> {
  return { ...scouts, seconds: secondsOf(durationMs) };
}

/** Returns what `deploy` would do. */
export function planEntry(plan: MadePlan): ValueOf<typeof PLAN> {
  const {
    changes,
    modules,
    restarts,
    inPlace,
    adoptions,
    images,
    waves,
    parts,
    missingPermissions,
    uncheckedPermissions,
    expires,
  } = plan;
  return {
    changes: changes.map(({ cluster, action, kind, namespace, name, reasons, diff, admission }) => ({
      ...defined({ cluster }),
      action,
      kind,
      namespace,
      name,
      reasons,
      diff,
      admission: admissionEntry(admission),
    })),
    modules: modules.map(({ filter, state, before, after, workloads }) => ({
      filter,
      state,
      ...defined({ before: before && moduleEntry(before) }),
      after: moduleEntry(after),
      workloads,
    })),
    restarts: restarts.map(({ ref, pods, wave, wavePart }) => ({
      ...workloadEntry(ref),
      pods,
      wave,
      ...defined({ wavePart }),
    })),
    inPlace: inPlace.map(({ ref, wave, wavePart }) => ({ ...workloadEntry(ref), wave, ...defined({ wavePart }) })),
    adoptions: adoptions.map(({ what, by, workloads, fate, keeps, volumes }) => ({
      what,
      by,
      workloads,
      fate,
      keeps,
      volumes: volumes.map(({ volume, stays }) => ({ volume, ...defined({ stays }) })),
    })),
    images: images.map(imageEntry),
    waves,
    digest: planDigest(parts),
    parts: parts.map(({ what, digest, shown }) => ({ what, digest, ...defined({ shown }) })),
    missingPermissions,
    uncheckedPermissions,
    ...defined({ expires }),
  };
}

function moduleEntry({ digest, bytes, image }: ModuleVersion): ValueOf<typeof MODULE> {
  return { digest, ...defined({ bytes, image }) };
}

function admissionEntry(admission: Admission): ValueOf<typeof ADMISSION> {
  switch (admission.state) {
    case 'accepted':
      return { state: admission.state, warnings: admission.warnings };
    case 'refused':
      return { state: admission.state, message: admission.message };
    case 'not-asked':
      return { state: admission.state, why: admission.why };
  }
}

/** Returns what `status` has found. */
export function statusEntry(found: FoundStatus): ValueOf<typeof STATUS> {
  const { workloads, namespaces, garbage, kept, inUse, inUseUnseen, unknown } = found;
  return {
    workloads: workloads.map(({ ref, pods, filters, soak }) => ({
      ...workloadEntry(ref),
      pods: { ready: pods.ready, wanted: pods.wanted },
      filters: filters.map(filterStatusEntry),
      ...defined({ soak: soak && soakEntry(soak) }),
    })),
    namespaces,
    garbage,
    ...defined({ kept, inUse, inUseUnseen, unknown }),
  };
}

function filterStatusEntry(status: FilterStatus): ValueOf<typeof STATUS_OF_FILTER> {
  const { filter, health, notes, revision, alsoRuns, rendered, digest, image } = status;
  const { previous, run, expires, expired, verification, changed, owner, wanted, compared } = status;
  return {
    filter,
    health,
    ...defined({ revision, wanted, compared, alsoRuns, rendered, digest, image, previous, run, expires, expired }),
    ...defined({ verification: verification && verificationEntry(verification), changed, owner }),
    notes: notes.map(({ text }) => sentence(text)),
  };
}

/** Returns what a removal has found that had nothing to do. */
export function nothingEntry({ filters, namespaces, present }: NothingToRemove): ValueOf<typeof NOTHING> {
  return {
    filters,
    namespaces,
    present: present.map((one) => ({
      filter: one.filter,
      namespace: one.namespace,
      workloads: one.workloads.map(workloadEntry),
      ...defined({ expires: one.expires }),
    })),
  };
}

/** Returns what `render` has written. */
export function renderedEntry({ folder, files, revisions, removed }: RenderedFiles): ValueOf<typeof RENDERED> {
  return {
    folder,
    files: files.map(({ path, bytes, content, kept, patches }) => ({
      path,
      bytes,
      content,
      ...defined({
        kept,
        patches: patches === undefined || patches === 'selected' ? undefined : workloadEntry(patches),
      }),
    })),
    revisions: revisions.map(({ revision }) => revision),
    removed,
  };
}

/** Returns what `check` has found. */
export function checkedEntry({ stated, proxies, filters }: FoundByCheck): ValueOf<typeof CHECKED> {
  return {
    stated,
    proxies: proxies.map((proxy) => ({ name: proxy.name, envoy: envoyVersion(proxy), known: proxy.known })),
    filters: filters.map(({ name, state, settings, results }) => ({
      name,
      state,
      settings,
      results: {
        inputs: results.inputs,
        module: results.module,
        'host-functions': results['host-functions'],
        settings: results.settings,
        trial: results.trial,
        tests: results.tests,
      },
    })),
  };
}
