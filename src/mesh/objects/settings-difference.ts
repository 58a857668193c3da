import { createHash } from 'node:crypto';
import { canonicalJson, isObject, type Json, parseJson, sameJson } from '../../base/json.ts';
import { count, someOf, truncate } from '../../base/text.ts';
import { field } from './wasm-settings.ts';

const MAX_KEYS = 5;
const MAX_CHARACTERS = 60;

/** What a filter is told when it starts. */
export interface FilterSetUp {
  readonly rootId: string;
  readonly configuration: string;
}

/**
 * The text that a filter gets of its `configuration` (a google.protobuf.Any): a StringValue or BytesValue as it is, a Struct as JSON
 * (Envoy source/common/protobuf/utility.cc `anyToBytes`). Any other message, whose bytes are not known here, is shown as JSON.
 */
export function configurationText(configuration: unknown): string {
  if (!isObject(configuration)) return '';
  const { '@type': type, ...others } = configuration;
  const value = field(configuration, 'value') ?? '';
  if (String(type).endsWith('.StringValue')) return String(value);
  if (String(type).endsWith('.BytesValue')) return Buffer.from(String(value), 'base64').toString('utf8');
  return canonicalJson((String(type).endsWith('.Struct') ? field(configuration, 'value') : others) as Json);
}

/**
 * What is different about a filter once ours runs in its place, as a list of words; empty where it is told the same. Values of a
 * configuration, which may be secret, are named by key or by digest.
 */
export function settingsDifference(before: FilterSetUp, after: FilterSetUp): string[] {
  const quoted = (text: string): string => JSON.stringify(truncate(text, MAX_CHARACTERS));
  return [
    ...(before.rootId === after.rootId ? [] : [`root id ${quoted(before.rootId)} → ${quoted(after.rootId)}`]),
    ...configurationDifference(before.configuration, after.configuration),
  ];
}

function configurationDifference(before: string, after: string): string[] {
  if (before === after) return [];
  const [was, is] = [parsed(before), parsed(after)];
  if (was !== undefined && is !== undefined) {
    if (sameJson(was, is)) return [];
    if (isObject(was) && isObject(is)) {
      const keys = [...new Set([...Object.keys(was), ...Object.keys(is)])].filter(
        (key) => !sameJson(was[key], is[key]),
      );
      const named = keys.slice(0, MAX_KEYS).map((key) => JSON.stringify(truncate(key, MAX_CHARACTERS)));
      const more = keys.length > MAX_KEYS ? ` and ${count(keys.length - MAX_KEYS, 'more key')}` : '';
      return [`configuration at ${someOf(named)}${more}`];
    }
  }
  return [`configuration ${shortDigest(before)} → ${shortDigest(after)}`];
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

/** Returns what tells a text from others without saying it: `sha256:0123456789ab (12 B)`. */
export function shortDigest(text: string): string {
  if (text === '') return 'none';
  const bytes = Buffer.from(text);
  return `sha256:${createHash('sha256').update(bytes).digest('hex').slice(0, 12)} (${bytes.length} B)`;
}
