import type { FilterModule } from '../../filter/module/module.ts';
import type { FilterSettings } from '../../filter/settings.ts';
import { type RecordedSource, sourceOf } from '../../mesh/identity/source.ts';
import type { ClusterSnapshot, ObservedFilter } from '../observe/snapshot.ts';
import type { OnNewDigest } from '../policy.ts';
import type { FilterRequest } from '../request.ts';
import { type ImageSource, type RunningSource, runningSource } from './running-source.ts';

/** What decides on the bytes that workloads get of a filter. */
export type TaggedRequest = Pick<
  FilterRequest,
  'name' | 'module' | 'settings' | 'onNewDigest' | 'delivery' | 'earlier'
>;

/** What a workload is to get of a filter. */
export type ChosenBytes<F extends TaggedRequest> =
  /** The filter as it was asked for; `otherSource`: the workload runs it, but its source is recorded as another one. */
  | { readonly state: 'asked'; readonly filter: F; readonly otherSource?: true }
  /** What its tag named before. */
  | { readonly state: 'earlier'; readonly filter: F }
  /** The workload runs a revision of the filter of which nothing tells where it came from; it may be one of these. */
  | { readonly state: 'unknown'; readonly revision: string; readonly filters: readonly [F, ...F[]] };

/**
 * Chooses the bytes that each workload gets of a filter whose tag may have moved. A workload that runs what the tag named before
 * keeps that, also where others run something else. One that does not run the filter from this tag gets what most of the others run, the
 * first of them where as many run another; what the tag names now, where none does.
 */
export function chooseBytes<F extends TaggedRequest>(
  filter: F,
  workloads: readonly ObservedFilter[],
  snapshot: Pick<ClusterSnapshot, 'objectsOf'>,
): (current: ObservedFilter) => ChosenBytes<F> {
  const asked: ChosenBytes<F> = { state: 'asked', filter };
  const named = filter.onNewDigest === 'deploy' ? undefined : sourceOf(filter.module);
  if (named === undefined) return () => asked;
  const earlier = new Map<string, F>();
  const earlierOf = (source: ImageSource): F => {
    const key = `${source.pinned} ${source.digest} ${source.pulled}`;
    const known = earlier.get(key) ?? withEarlier(filter, source);
    earlier.set(key, known);
    return known;
  };
  const chosen = (one: F): ChosenBytes<F> => (one === filter ? asked : { state: 'earlier', filter: one });
  /** What a workload has of the tag already; `undefined` for nothing. */
  const fromTag = (source: RunningSource): F | undefined => {
    if (source.state !== 'known' || source.given !== named.given) return undefined;
    if (repositoryIn(source) !== repositoryIn(named)) return undefined;
    return isMoved(source, filter) ? earlierOf(source) : filter;
  };
  const running = workloads.flatMap((current) => fromTag(runningSource(current, snapshot)) ?? []);
  const usual = chosen(mostOf(running) ?? filter);
  return (current) => {
    const source = runningSource(current, snapshot);
    if (source.state === 'unknown') {
      return { state: 'unknown', revision: source.revision, filters: [filter, ...earlier.values()] };
    }
    const own = fromTag(source);
    if (own !== undefined) return chosen(own);
    const isSame = source.state !== 'none' && source.digest === filter.module.digest;
    return isSame ? { state: 'asked', filter, otherSource: true } : usual;
  };
}

/**
 * Whether what a workload runs from a tag is not what the tag names now. Another image with the same filter in it counts only where it
 * is kept, so that no pod is replaced for its name.
 */
export function isMoved(
  { content, pinned, pulled }: ImageSource,
  { module, onNewDigest }: { readonly module: FilterModule; readonly onNewDigest: OnNewDigest },
): boolean {
  const now = sourceOf(module);
  if (now === undefined) return false;
  return content !== now.content || (onNewDigest !== 'deploy' && pulled && pinned !== now.pinned);
}

/** `registry.example/filters/add-header`. */
function repositoryIn({ pinned }: RecordedSource): string {
  return pinned.slice(0, pinned.lastIndexOf('@'));
}

/** The filter with what its tag named before; it comes to the proxies as it did, unless it was asked to come otherwise. */
function withEarlier<F extends TaggedRequest>(filter: F, source: ImageSource): F {
  const { settings, delivery, earlier } = filter;
  const module = earlier?.get(source.digest) ?? unread(source);
  const { image: _, ...others } = settings;
  const mode = delivery.delivery;
  const isPulled = mode === 'image' || (mode === 'auto' && (source.pulled || delivery.gateways === true));
  if (!isPulled) return { ...filter, module, settings: others };
  const { phase, pullSecret } = delivery;
  const image: FilterSettings['image'] = {
    reference: source.pinned,
    phase,
    ...(pullSecret !== undefined && { pullSecret }),
  };
  return { ...filter, module, settings: { ...others, image } };
}

/** Stands in for a module whose bytes nobody has needed yet. */
function unread({ given, pinned, content, digest }: ImageSource): FilterModule {
  const bytes = new Uint8Array();
  return {
    bytes,
    digest,
    source: { kind: 'image', given, pinned, istioCanPull: true, isImage: true },
    ...(content !== digest && { original: { bytes, digest: content, dropped: [], optimized: false } }),
  };
}

/** What there is most of, the first where there is as much of another; `undefined` of nothing. */
function mostOf<T>(all: readonly T[]): T | undefined {
  const counts = new Map<T, number>();
  for (const one of all) counts.set(one, (counts.get(one) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}
