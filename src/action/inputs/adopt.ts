import { defined } from '../../base/defined.ts';
import { quoted } from '../../base/text.ts';
import type { Adopt, AdoptedName } from '../../mesh/unmanaged/adoption-choice.ts';
import { isNamespaceName, isWorkloadName } from '../../targets/target.ts';
import type { InputReader } from './reader.ts';

const FORMS =
  'Use true, false, or names of EnvoyFilters, separated by commas or lines: ENVOYFILTER, NAMESPACE/ENVOYFILTER, or ENVOYFILTER#FILTER for one of several filters in it.';

/** Reads `adopt`: a boolean as GitHub's own inputs have it, or names. */
export function readAdopt(reader: InputReader): Adopt {
  const text = reader.text('adopt');
  if (/^(true|True|TRUE)$/.test(text)) return true;
  if (/^(false|False|FALSE)$/.test(text)) return false;
  const entries = text
    .split(/[,\n]/)
    .map((entry) => entry.trim().replace(/^- +/, ''))
    .filter((entry) => entry !== '');
  const names = entries.map((entry) => ({ entry, name: readName(entry) }));
  for (const { entry, name } of names) {
    if (name === undefined) reader.wrong('adopt', `has the unknown value ${quoted(entry)}.`, FORMS);
  }
  return names.flatMap(({ name }) => name ?? []);
}

function readName(text: string): AdoptedName | undefined {
  const [, namespace, envoyFilter = '', filter] = /^(?:([^/#]*)\/)?([^/#]*)(?:#(.*))?$/s.exec(text) ?? [];
  // An EnvoyFilter of such a name can be given with its namespace.
  const isWord = namespace === undefined && /^(true|false|yes|no|on|off|all|\d+)$/i.test(envoyFilter);
  if (!isWorkloadName(envoyFilter) || isWord || filter === '') return undefined;
  if (namespace !== undefined && !isNamespaceName(namespace)) return undefined;
  return {
    text,
    envoyFilter,
    ...defined({ namespace, filter }),
  };
}
