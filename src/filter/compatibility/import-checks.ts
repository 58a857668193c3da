import { least } from '../../base/lists.ts';
import { count, listWords, MAX_LISTED, nameSome, shownName, someOf } from '../../base/text.ts';
import type { ModuleFacts } from '../module/facts.ts';
import { describeType, type ImportFact, importName } from '../module/wasm-types.ts';
import { type RefusedImport, refusedImports } from './imports.ts';
import type { Incompatibility } from './module-checks.ts';
import { describeEnvoy } from './proxy-version.ts';
import type { IncompatibilityCause } from './remedies.ts';

/** What the Envoys of these minor versions have against the module's imports, one incompatibility for each cause. */
export function importIncompatibilities(facts: ModuleFacts, minors: readonly number[]): Incompatibility[] {
  // What an older Envoy rejects contains what a newer one does: the tables only grow.
  const refused = refusedImports(facts, least(minors));
  const causes = [...new Set(refused.map(({ cause }) => cause))];
  return causes.map((cause) => ({
    cause,
    message: describe(
      cause,
      refused.filter((entry) => entry.cause === cause),
      facts,
    ),
  }));
}

function describe(cause: IncompatibilityCause, refused: readonly RefusedImport[], facts: ModuleFacts): string {
  const names = groupNames(refused.map((entry) => entry.import));
  const functions = count(refused.length, 'function');
  switch (cause) {
    case 'newer':
      return `imports ${functions} that came with a newer Envoy: ${bySince(refused)}.`;
    case 'other-abi':
      return `says that it is made for ABI ${facts.abi}, but imports ${functions} of ${listWords(abisOf(refused), 'and')}: ${names}.`;
    case 'type':
      return `imports ${functions} with another type than Envoy's: ${nameSome(refused.map(describeMismatch), MAX_LISTED, '; ')}.`;
    case 'globals':
      return `imports ${count(refused.length, 'global')}, which Envoy never provides: ${names}.`;
    case 'browser':
      return `is built for a browser: it imports ${functions} from JavaScript: ${names}.`;
    case 'emscripten':
      return `imports ${functions} from Emscripten's JavaScript, which Envoy does not have: ${names}.`;
    case 'abort':
      return `imports ${functions} from AssemblyScript's JavaScript, which Envoy does not have: ${names}.`;
    default:
      return `imports ${functions} that no Envoy has: ${names}.`;
  }
}

/** `fd_tell, fd_sync with Envoy 1.39 (Istio 1.31)`, oldest first. */
function bySince(refused: readonly RefusedImport[]): string {
  const minors = [...new Set(refused.map(({ host }) => host?.since ?? 0))].sort((a, b) => a - b);
  const each = minors.map((minor) => {
    const those = refused.filter(({ host }) => host?.since === minor);
    return `${groupNames(those.map((entry) => entry.import))} with ${describeEnvoy(minor)}`;
  });
  return someOf(each, MAX_LISTED, '; ');
}

function abisOf(refused: readonly RefusedImport[]): string[] {
  return [...new Set(refused.flatMap(({ host }) => host?.abis ?? []))].sort();
}

function describeMismatch({ import: entry, host }: RefusedImport): string {
  const has = host === undefined ? '' : `, Envoy has ${describeType(host)}`;
  return `${shownName(importName(entry))} is ${shownName(describeType(entry))}${has}`;
}

/** `env.a, b and wasi_unstable.c`: each module once. A module may import a name several times. */
function groupNames(imports: readonly ImportFact[]): string {
  const byModule = Map.groupBy(imports, ({ module }) => module);
  const groups = [...byModule].map(
    ([module, entries]) => `${shownName(module)}.${nameSome([...new Set(entries.map(({ name }) => shownName(name)))])}`,
  );
  return listWords(groups, 'and');
}
