import type { Problem } from '../../base/problem.ts';
import { describeWritten, nameSettings, settingAt } from '../../filter/written.ts';
import type { Revision } from '../identity/revision.ts';
import { overlap } from './mount-problems.ts';

/** A filter as far as its folder in the proxy is concerned. */
export type MountedFilter = Pick<Revision, 'filter' | 'places'> & {
  readonly settings: Pick<Revision['settings'], 'mountPath' | 'image'>;
};

/** Whether two filters cannot both be mounted into one proxy: their folders are one, or one is inside of the other, which is read-only. */
export function sharePath(a: MountedFilter, b: MountedFilter): boolean {
  if (a.settings.image !== undefined || b.settings.image !== undefined) return false;
  return overlap(a.settings.mountPath, b.settings.mountPath) !== undefined;
}

/** The problem that a workload, the `subject`, is to get two such filters, the second of which is to have another folder. */
export function sharedPath(subject: string, first: MountedFilter, second: MountedFilter): Problem {
  const [path, other] = [second.settings.mountPath, first.settings.mountPath];
  const how = path === other ? `at the same path "${path}"` : `at "${other}" and "${path}", one inside of the other`;
  const { at } = settingAt('mount-path', second);
  return {
    kind: 'mount',
    subject,
    ...(at !== undefined && { at }),
    filter: second.filter,
    clause: 'two filters would be mounted at one path',
    message: `would get ${describeWritten(first, 'mount-path')} and ${describeWritten(second, 'mount-path')} mounted ${how}.`,
    remedy: `Give one of them another folder: ${nameSettings(['mount-path'], second)}, or leave "mount-path" out for one that is named after the filter.`,
  };
}
