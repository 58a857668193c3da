import { warningTexts } from '../../src/base/warning.ts';
import { checkCompatibility } from '../../src/filter/compatibility/compatibility.ts';
import type { TrialRequest } from '../../src/filter/host/request.ts';
import { readFacts } from '../../src/filter/module/facts.ts';
import { checkModule, MAX_CONFIG_MAP_BYTES } from '../../src/filter/module/module.ts';
import type { TrialVerdict } from '../../src/filter/trial/verdict.ts';
import { trial } from '../harness/trial.ts';

/** What the check says of a filter: why it would be refused, empty when it would not; and what it warns of. */
export interface CheckVerdict {
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** What this action says of a filter before it writes anything. */
export interface OurVerdict {
  readonly check: CheckVerdict;
  readonly trial: TrialVerdict;
}

/** Judges a filter for an Envoy 1.`minor` as `deploy` does. */
export async function judge(filter: TrialRequest, minor: number): Promise<OurVerdict> {
  return {
    check: check(filter.module, minor),
    trial: await trial({ ...filter, envoy: minor }),
  };
}

/** The check alone. */
export function check(module: Uint8Array, minor: number): CheckVerdict {
  // What a ConfigMap holds is no matter of Envoy's.
  const opened = module.length > MAX_CONFIG_MAP_BYTES ? undefined : checkModule(module, 'filter');
  if (opened?.ok === false) return { problems: opened.problems.map(({ message }) => message), warnings: [] };
  const facts = readFacts(module);
  if (!facts.ok) return { problems: facts.problems.map(({ message }) => message), warnings: [] };
  const { problems, warnings } = checkCompatibility(facts.value, [
    { istio: `1.${minor - 8}.0`, envoy: { major: 1, minor } },
  ]);
  return { problems: problems.map(({ message }) => message), warnings: warningTexts(warnings) };
}
