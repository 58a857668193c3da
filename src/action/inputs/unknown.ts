import { defined } from '../../base/defined.ts';
import type { Problem } from '../../base/problem.ts';
import { nearestNames } from '../../base/text.ts';
import { VERSION } from '../../base/version.ts';
import { TARGET_KEYS } from '../../targets/entry.ts';
import type { Environment } from './reader.ts';
import { INPUT_NAMES, type InputName } from './table.ts';

/** An input that the action does not have. */
export interface UnknownInput {
  /** The input that was probably meant. */
  readonly meant?: InputName;
  readonly problem: Problem;
}

const PREFIX = 'INPUT_';

/**
 * The inputs that a workflow sets and the action does not have, by name. The runner hands every input to the action as the variable
 * `INPUT_NAME`, in upper case and with underscores for blanks, and only warns of those that action.yml does not list (actions/runner:
 * src/Runner.Worker/ActionRunner.cs). Values are not shown: one may be a secret.
 */
export function findUnknownInputs(environment: Environment): UnknownInput[] {
  const known = new Map(INPUT_NAMES.map((name) => [variableOf(name), name]));
  return Object.keys(environment)
    .filter((variable) => variable.toUpperCase().startsWith(PREFIX) && !known.has(variable.toUpperCase()))
    .sort()
    .map((variable) => {
      const name = variable.slice(PREFIX.length).toLowerCase();
      const isOfTarget = (TARGET_KEYS as readonly string[]).includes(name);
      const [meant] = isOfTarget ? [] : (nearestNames(name, INPUT_NAMES, 1) as InputName[]);
      if (isOfTarget) return { problem: ofTarget(name) };
      return { ...defined({ meant }), problem: unknownInput(name, variable, meant) };
    });
}

function variableOf(name: InputName): string {
  return `${PREFIX}${name.replaceAll(' ', '_').toUpperCase()}`;
}

/** A key of a target that somebody gives to the step. */
function ofTarget(name: string): Problem {
  return {
    kind: 'input',
    subject: `input "${name}"`,
    message: `does not exist in version ${VERSION} of this action, so it would have no effect.`,
    remedy: 'It belongs to a target, an entry of "targets".',
  };
}

function unknownInput(name: string, variable: string, meant: InputName | undefined): Problem {
  return {
    kind: 'input',
    subject: `input "${name}"`,
    message: `does not exist in version ${VERSION} of this action, so it would have no effect.`,
    remedy:
      meant === undefined
        ? `Take it out of "with", or out of the runner's environment if no step sets it: it is the variable ${variable}.`
        : `Did you mean "${meant}"?`,
  };
}
