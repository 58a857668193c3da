/** The options of a write in the query: field manager and dry run. */
import type { WriteOptions } from './registry.ts';
import type { RequestInfo } from './request-info.ts';
import { invalid, notSupportedField, tooLongField } from './status-error.ts';

export type WriteQuery = WriteOptions & { readonly dryRun: boolean; readonly subresource: string };

const MANAGER_LIMIT = 128;

/** @throws StatusError 422 for a dry run or a field manager that is not valid */
export function asWriteOptions(info: RequestInfo, userAgent: string): WriteQuery {
  const dryRun = info.query.getAll('dryRun').filter((value) => value !== '');
  const kind =
    { create: 'CreateOptions', update: 'UpdateOptions', patch: 'PatchOptions' }[info.verb] ?? 'DeleteOptions';
  const wrong = dryRun.find((value) => value !== 'All');
  if (wrong !== undefined) throw invalid('meta.k8s.io', kind, '', [notSupportedField('dryRun', wrong, ['All'])]);
  const given = info.query.get('fieldManager') ?? '';
  if (Buffer.byteLength(given) > MANAGER_LIMIT)
    throw invalid('meta.k8s.io', kind, '', [tooLongField('fieldManager', MANAGER_LIMIT)]);
  const agent = (userAgent.split('/')[0] ?? '').replaceAll(/[^\x20-\x7e]/g, '').slice(0, MANAGER_LIMIT);
  return {
    manager: given === '' ? agent : given,
    dryRun: dryRun.length > 0,
    subresource: info.subresource === 'status' ? 'status' : '',
  };
}
