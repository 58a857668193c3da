import { defined } from '../base/defined.ts';
import { isObject } from '../base/json.ts';
import { Diagnostics, fail, ok, type Result } from '../base/problem.ts';
import { quoted } from '../base/text.ts';
import { asList, type NameField, readKind, readName, strayKeys, targetsProblem } from './fields.ts';
import { matchesPattern } from './pattern.ts';
import type { Exclusion, KindName, WorkloadRef } from './target.ts';

const EXCLUSION_FORMS =
  'An exclusion is "name", "kind/name", "namespace/kind/name" or {kind, name, namespace}; "*" stands for any characters of a name.';
const KEYS = ['kind', 'name', 'namespace'];

/** Reads what an entry does not mean: one exclusion or a list of them; none where it has no such key. */
export function readExclusions(
  value: unknown,
  origin: string,
  kinds: readonly KindName[],
): Result<readonly Exclusion[]> {
  if (value === undefined) return ok([]);
  const all = asList(value);
  if (all.length === 0) return fail(targetsProblem(origin, 'has an empty list "exclude".'));
  const diagnostics = new Diagnostics();
  const read = all.map((one) => diagnostics.unwrap(readExclusion(one, `${origin}, exclude`, kinds)));
  return diagnostics.ok ? ok(read.filter((one) => one !== undefined)) : fail(diagnostics.problems);
}

function readExclusion(value: unknown, origin: string, kinds: readonly KindName[]): Result<Exclusion> {
  if (typeof value === 'string') return readPath(value.trim(), origin, kinds);
  if (!isObject(value) || Object.keys(value).length === 0) {
    return fail(targetsProblem(origin, `has ${quoted(value)}, which names no workload.`, EXCLUSION_FORMS));
  }
  const stray = strayKeys(value, KEYS, origin);
  if (stray.problems.length > 0) return fail(stray.problems);
  return readParts(value, quoted(value), origin, kinds);
}

function readPath(text: string, origin: string, kinds: readonly KindName[]): Result<Exclusion> {
  const parts = text.split('/');
  if (text === '' || parts.length > 3) {
    return fail(targetsProblem(origin, `has ${quoted(text)}, which names no workload.`, EXCLUSION_FORMS));
  }
  const [name, kind = '*', namespace = '*'] = parts.toReversed();
  return readParts({ name, kind, namespace }, quoted(text), origin, kinds);
}

/** A part that is left out may be anything. */
function readParts(
  { kind = '*', name = '*', namespace = '*' }: Record<string, unknown>,
  text: string,
  origin: string,
  kinds: readonly KindName[],
): Result<Exclusion> {
  const diagnostics = new Diagnostics();
  const pattern = (value: unknown, field: NameField['field']): string | undefined =>
    value === '*' ? undefined : diagnostics.unwrap(readName(value, { field, pattern: true }, origin, EXCLUSION_FORMS));
  const read = {
    kind: kind === '*' ? undefined : diagnostics.unwrap(readKind(kind, origin, kinds)),
    name: pattern(name, 'name'),
    namespace: pattern(namespace, 'namespace'),
  };
  return diagnostics.ok ? ok({ text, ...defined(read) }) : fail(diagnostics.problems);
}

/** Whether an exclusion means a workload. */
export function excludes({ kind, namespace, name }: Exclusion, ref: WorkloadRef): boolean {
  return (
    (kind === undefined || kind === ref.kind) &&
    (namespace === undefined || matchesPattern(namespace, ref.namespace)) &&
    (name === undefined || matchesPattern(name, ref.name))
  );
}
