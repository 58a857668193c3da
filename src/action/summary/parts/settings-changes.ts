import { diffLines } from 'diff';
import { canonicalJson, isObject, sameJson } from '../../../base/json.ts';
import { hideNamed, withoutNamedSecrets } from '../../../base/redaction/named-secrets.ts';
import { readStructured } from '../../../base/redaction/structured-text.ts';
import type { PlannedSettings, ToldSettings } from '../../../deploy/report/plan-report.ts';
import { shortDigest } from '../../../mesh/objects/settings-difference.ts';
import { countOf } from '../../verdict/text.ts';
import type { Limits } from './limits.ts';
import { blocks, codes, fence, text } from './markdown.ts';

const MAX_NAMED = 3;
/** Longer values are left out whole: half of a secret is not masked. */
const MAX_VALUE_CHARACTERS = 1_000;
const MAX_LINES = 60;
/** The values themselves are taken out, so that both sides look the same. */
const ONLY_SECRETS = '! only secret values change';

/** Returns what the filters are told otherwise, by key where their configuration has any; the empty string for nothing. */
export function renderSettingsChanges(changes: readonly PlannedSettings[], limits: Limits): string {
  if (changes.length === 0) return '';
  const shown = changes.slice(0, limits.items);
  const left = changes.length - shown.length;
  return blocks(
    '### What changes in configuration and environment',
    shown.map(({ filter, workloads, before, after, isHidden }) => {
      const lines = isHidden === true ? digestLines(before, after) : valueLines(before, after);
      return blocks(
        `${codes([filter], 1)} on ${countOf(workloads.length, 'workload')}: ${codes(workloads, MAX_NAMED)}`,
        fence(cut(lines.length === 0 ? [ONLY_SECRETS] : lines).join('\n'), 'diff'),
      );
    }),
    left > 0 ? text(`… and ${countOf(left, 'more change')}.`) : '',
    changes.some(({ isHidden }) => isHidden) ? 'The values are shown with `show-configuration: true`.' : '',
  );
}

function cut(lines: readonly string[]): readonly string[] {
  return lines.length <= MAX_LINES
    ? lines
    : [...lines.slice(0, MAX_LINES), `… ${countOf(lines.length - MAX_LINES, 'more line')}`];
}

/** Each value that changes, by its key; of a secret's name only that it does. */
function valueLines(before: ToldSettings, after: ToldSettings): string[] {
  const [was, is] = [objectIn(before.configuration), objectIn(after.configuration)];
  const configuration =
    was !== undefined && is !== undefined
      ? keyLines('configuration', was, is)
      : textLines(before.configuration, after.configuration);
  return [...configuration, ...keyLines('environment', before.environment, after.environment)];
}

function keyLines(name: string, before: object, after: object): string[] {
  const [was, is] = [leavesOf(name, before), leavesOf(name, after)];
  const [shownWas, shownIs] = [leavesOf(name, hideNamed(before)), leavesOf(name, hideNamed(after))];
  return [...new Set([...was.keys(), ...is.keys()])].flatMap((key) =>
    sameJson(was.get(key), is.get(key)) ? [] : [...sideLine('-', key, shownWas), ...sideLine('+', key, shownIs)],
  );
}

function sideLine(sign: '-' | '+', key: string, leaves: ReadonlyMap<string, unknown>): string[] {
  if (!leaves.has(key)) return [];
  const value = JSON.stringify(leaves.get(key));
  return [`${sign} ${key}: ${value.length > MAX_VALUE_CHARACTERS ? shortDigest(value) : value}`];
}

/** `configuration.limits.max`, `configuration.routes[0]`: what is no object or list, or an empty one, by its path. */
function leavesOf(path: string, value: unknown): Map<string, unknown> {
  const inner: [string, unknown][] = Array.isArray(value)
    ? value.map((item, at) => [`${path}[${at}]`, item])
    : isObject(value)
      ? Object.entries(value).map(([key, item]) => [`${path}.${key}`, item])
      : [];
  if (inner.length === 0) return new Map(isObject(value) && path.indexOf('.') < 0 ? [] : [[path, value]]);
  return new Map(inner.flatMap(([key, item]) => [...leavesOf(key, item)]));
}

function textLines(before: string, after: string): string[] {
  const [was, is] = [withoutNamedSecrets(before), withoutNamedSecrets(after)];
  return diffLines(was, is).flatMap(({ added, removed, value }) =>
    added || removed
      ? withoutLastEnd(value)
          .split('\n')
          .map(
            (line) =>
              `${added ? '+' : '-'} configuration: ${line.length > MAX_VALUE_CHARACTERS ? shortDigest(line) : line}`,
          )
      : [],
  );
}

function withoutLastEnd(lines: string): string {
  return lines.endsWith('\n') ? lines.slice(0, -1) : lines;
}

function digestLines(before: ToldSettings, after: ToldSettings): string[] {
  const line = (name: string, was: string, is: string, isSame: boolean): string[] => {
    if (isSame) return [];
    const digests = [settingDigest(was), settingDigest(is)];
    return digests[0] === digests[1] ? [] : [`- ${name}: ${digests[0]}`, `+ ${name}: ${digests[1]}`];
  };
  const [was, is] = [canonicalJson(before.environment), canonicalJson(after.environment)];
  return [
    ...line('configuration', before.configuration, after.configuration, before.configuration === after.configuration),
    ...line('environment', was === '{}' ? '' : was, is === '{}' ? '' : is, was === is),
  ];
}

/**
 * Returns what tells settings from others without saying them. Values with a secret's name have no part in it: a digest of few possible
 * texts, such as a PIN and what is known of the rest, would tell which one it is.
 */
export function settingDigest(value: string): string {
  return shortDigest(withoutNamedSecrets(value));
}

function objectIn(configuration: string): object | undefined {
  if (configuration === '') return {};
  const [value, ...others] = readStructured(configuration)?.values ?? [];
  return others.length === 0 && isObject(value) ? value : undefined;
}
