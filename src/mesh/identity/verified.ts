import { remembered } from '../../base/remembered.ts';
import type { KubernetesObject } from '../../cluster/objects.ts';
import { VERIFIED_ANNOTATION } from './names.ts';

/**
 * On which workloads a revision was verified is recorded on its ConfigMap: one write a namespace, where the workloads would be
 * one each. A line is `Kind/name level`, or `Kind/name@REVISION level` where the settings of another revision were verified,
 * which had been pushed into its pods.
 */
export type VerifiedWorkloads = ReadonlyMap<string, string>;

/** How a record calls a workload whose pods carry a revision and whose proxies have the settings of this one or another. */
export function verifiedKey(
  { kind, name }: { readonly kind: string; readonly name: string },
  carried: string,
  settings: string,
): string {
  return carried === settings ? `${kind}/${name}` : `${kind}/${name}@${settings}`;
}

/** A record with what was verified since: of each workload only the last settings count. */
export function mergeVerified(recorded: VerifiedWorkloads, fresh: VerifiedWorkloads): VerifiedWorkloads {
  const workloadOf = (key: string): string => key.replace(/@.*/, '');
  const renewed = new Set([...fresh.keys()].map(workloadOf));
  return new Map([...[...recorded].filter(([key]) => !renewed.has(workloadOf(key))), ...fresh]);
}

/** How many records are remembered: of a run that changes a filter, those before and after, in some namespaces. */
const REMEMBERED = 16;

/** Each workload is looked up in the record of all of them, which would be read as often as it has lines. */
const readLines = remembered((text: string): VerifiedWorkloads => {
  const lines = text.split('\n');
  return new Map(
    lines.flatMap((line): [string, string][] => {
      const [workload = '', level = ''] = line.split(' ');
      return workload === '' || level === '' ? [] : [[workload, level]];
    }),
  );
}, REMEMBERED);

/** The workloads (`Deployment/reviews`) on which a ConfigMap's revision was verified, and by which evidence. */
export function parseVerified({ metadata }: KubernetesObject): VerifiedWorkloads {
  return readLines(metadata.annotations?.[VERIFIED_ANNOTATION] ?? '');
}

/** The annotation's text; equal contents give equal text. */
export function formatVerified(verified: VerifiedWorkloads): string {
  return [...verified]
    .map(([workload, level]) => `${workload} ${level}`)
    .sort()
    .join('\n');
}
