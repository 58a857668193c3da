import { quoted } from '../../base/text.ts';
import { ALL_CONTEXTS } from '../../cluster/kubeconfig.ts';
import type { Unreachable } from '../../deploy/policy.ts';
import type { InputReader } from './reader.ts';

/** The clusters of a run, as the inputs name them. */
export interface ClusterInputs {
  /** Content of a kubeconfig, empty for the files of KUBECONFIG. */
  readonly kubeconfig: string;
  /** Contexts of the kubeconfig, at least one; the empty string for its current one. */
  readonly contexts: readonly string[] | typeof ALL_CONTEXTS;
  /** What the run makes of a cluster that does not answer. */
  readonly unreachable: Unreachable;
}

/** Reads which clusters are meant. */
export function readClusters(reader: InputReader): ClusterInputs {
  return {
    kubeconfig: reader.raw('kubeconfig'),
    contexts: readContexts(reader),
    unreachable: reader.oneOf('unreachable'),
  };
}

function readContexts(reader: InputReader): ClusterInputs['contexts'] {
  const context = reader.text('context');
  const given = reader.text('contexts');
  if (given === '') return [context];
  if (context !== '') {
    reader.wrong(
      'contexts',
      `is set, and so is "context".`,
      'Name one cluster in "context", or all of them in "contexts".',
    );
  }
  const names = [...new Set(given.split(/[,\r\n]/).map((name) => name.trim()))].filter((name) => name !== '');
  if (names.length === 1 && names[0] === ALL_CONTEXTS) return ALL_CONTEXTS;
  if (names.length === 0 || names.includes(ALL_CONTEXTS)) {
    reader.wrong(
      'contexts',
      names.length === 0 ? `is ${quoted(given)}, which names none.` : `has "*" beside names.`,
      'List contexts of the kubeconfig, separated by commas, or write * alone for all of them.',
    );
    return [''];
  }
  return names;
}
