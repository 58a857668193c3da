import { defined } from '../../base/defined.ts';
import { finalRevision } from '../../deploy/report/final-revisions.ts';
import type { ImageReport } from '../../deploy/report/image-report.ts';
import {
  filtersFound,
  type Report,
  reportedTargets,
  type TargetReport,
  type TargetRevision,
} from '../../deploy/report/report.ts';
import type { Provenance } from '../../provenance/policy.ts';
import { fitEntries, type Shorten } from './json.ts';

/** One filter in the output `filters`, and what the outputs of its values say where it is the only one. */
export interface FilterOutput {
  /** Those that targets run at the end, each once; of `plan` and `render`, those that they would run. */
  readonly revisions: readonly string[];
  readonly digest?: string;
  readonly bytes?: number;
  /** Where it is in a registry, by its digest. */
  readonly image?: string;
  readonly provenance?: Provenance;
}

/** Returns the filters that a run is about by their names: those that it was asked for, then those of its targets, or that it found. */
export function filterOutputs(report: Report): ReadonlyMap<string, FilterOutput> {
  const revisions = revisionsByFilter(report);
  const found = filtersFound(report);
  const asked = new Map(report.filters.map((filter) => [filter.name, filter]));
  const absent = absentImages(report);
  const names = new Set([...asked.keys(), ...revisions.keys(), ...found.map(({ filter }) => filter)]);
  return new Map(
    [...names].map((name): [string, FilterOutput] => {
      const filter = asked.get(name);
      const ofName = found.filter((one) => one.filter === name);
      const source = filter?.source?.kind === 'image' ? filter.source.pinned : undefined;
      const run = bytesRun(report, name);
      const isAsked = run.every((one) => one === undefined);
      const entry = isAsked
        ? {
            digest: filter?.digest ?? only(ofName.map((one) => one.digest)),
            bytes: filter?.bytes,
            image:
              source !== undefined && absent.has(source) ? undefined : (source ?? only(ofName.map((one) => one.image))),
            provenance: filter?.provenance,
          }
        : // The size and the build of what runs were asked of nobody.
          {
            digest: distinct(run.map((one) => (one ?? filter)?.digest)),
            image: distinct(run.map((one) => (one === undefined ? source : one.image))),
          };
      return [name, { revisions: [...(revisions.get(name) ?? [])], ...defined(entry) }];
    }),
  );
}

/** What targets run of a filter where it is what its tag named before, once for each; `undefined` for what was asked for. */
function bytesRun(report: Report, name: string): TargetRevision['earlier'][] {
  return reportedTargets(report).flatMap(({ revisions }) =>
    revisions.flatMap(({ filter, revision, earlier }) => (filter === name && revision !== undefined ? [earlier] : [])),
  );
}

/** Several with commas; `undefined` for none. */
function distinct(values: readonly (string | undefined)[]): string | undefined {
  const known = new Set(values.filter((value) => value !== undefined));
  return known.size === 0 ? undefined : [...known].join(',');
}

/** The one value that all have; `undefined` for several, and for none. */
function only(values: readonly (string | undefined)[]): string | undefined {
  const [first, ...others] = new Set(values);
  return others.length === 0 ? first : undefined;
}

function revisionsByFilter(report: Report): ReadonlyMap<string, ReadonlySet<string>> {
  const runs: (target: TargetReport, one: TargetRevision) => string | undefined =
    report.command === 'plan' ? (_, { revision }) => revision : finalRevision;
  const revisions = new Map<string, Set<string>>();
  const add = (filter: string, revision: string | undefined): void => {
    const known = revisions.get(filter) ?? new Set();
    revisions.set(filter, known);
    if (revision !== undefined) known.add(revision);
  };
  for (const target of reportedTargets(report)) for (const one of target.revisions) add(one.filter, runs(target, one));
  for (const { filter, revision } of filtersFound(report)) add(filter, revision);
  if (report.command === 'render' && report.rendered.state === 'written') {
    for (const { filter, revision } of report.rendered.revisions) add(filter, revision);
  }
  return revisions;
}

/** Images that are not in their registry: a plan pushes none, and a run may not have come to it. */
function absentImages(report: Report): ReadonlySet<string> {
  const absent = pushedImages(report).filter(({ state }) => state !== 'pushed' && state !== 'unchanged');
  return new Set(absent.map(({ pinned }) => pinned));
}

function pushedImages(report: Report): readonly ImageReport[] {
  switch (report.command) {
    case 'deploy':
    case 'plan':
      return report.plan.state === 'made' ? report.plan.images : [];
    case 'status':
    case 'remove':
    case 'sweep':
    case 'render':
    case 'check':
      return [];
  }
}

const LADDER: readonly Shorten<FilterOutput>[] = [
  ({ provenance, ...rest }) => rest,
  ({ image, ...rest }) => rest,
  ({ digest, bytes, ...rest }) => rest,
];

/**
 * Filters as a JSON object of at most `max` UTF-16 units, by their names, so that an expression finds one:
 * `fromJSON(steps.x.outputs.filters)['add-header'].digest`. Where it would grow too long each loses, in this order: `provenance`,
 * `image`, `digest` and `bytes`; at last filters are left out.
 */
export function filtersJson(filters: ReadonlyMap<string, FilterOutput>, max: number): string {
  return fitEntries([...filters], max, LADDER);
}
