import { anchorOf, type Insertion } from '../../filter/insertion.ts';

/** Names that istiod alone gives to HTTP filters; they are in a chain before it applies an EnvoyFilter. */
const OF_ISTIOD = /^istio[._]/;

/**
 * Whether an HTTP filter stands where its EnvoyFilter puts it: `names` are those of the whole chain, `place` is its index.
 * EnvoyFilters that come later can put others beside it, or take its anchor out, so only those filters count that were surely
 * there before: the anchor, and what istiod itself puts in. What stands there twice tells nothing.
 */
export function isInConfiguredPosition(names: readonly string[], position: number, insert: Insertion): boolean {
  const anchor = anchorOf(insert);
  const beside = anchor === undefined ? undefined : names.indexOf(anchor);
  if (beside === -1) return true;
  const isBefore = (index: number): boolean =>
    beside !== undefined && (insert.place === 'after' ? index <= beside : index < beside);
  return names.every(
    (name, index) =>
      index === position ||
      !(index === beside || OF_ISTIOD.test(name)) ||
      names.indexOf(name) !== names.lastIndexOf(name) ||
      isBefore(index) === index < position,
  );
}
