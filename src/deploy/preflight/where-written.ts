import { defined } from '../../base/defined.ts';
import { describePosition, type FilePosition, type Problem } from '../../base/problem.ts';
import type { Revision } from '../../mesh/identity/revision.ts';
import type { FilterRequest } from '../request.ts';

/** What messages call a value, and where it stands. */
export type Place = Pick<Problem, 'at'> & Required<Pick<Problem, 'subject'>>;

/** Where the parts of a revision are written down. */
export interface WrittenRevision {
  /** Of its module. */
  readonly module: Place;
  /** Of its settings as a whole, whose subject tells it from the filter's other ones. */
  readonly whole: Place;
}

/** Tells of the revisions of filters where they are written down, as far as the requests know. */
export function whereWritten(filters: readonly FilterRequest[]): (revision: Revision) => WrittenRevision {
  const byName = new Map(filters.map((filter) => [filter.name, filter]));
  return ({ filter: name, settings: { configuration } }) => {
    const { places = {}, targets = [] } = byName.get(name) ?? {};
    const own = targets.find(({ override }) => override.configuration === configuration);
    return {
      module: placed(name, places.filter?.at),
      whole:
        own === undefined
          ? placed(name, places.configuration?.at ?? places.filter?.at)
          : { subject: `filter "${name}" (${own.origin})`, ...defined({ at: own.at }) },
    };
  };
}

/** A filter by its name and its place, where it has one in a file: page and log have nothing else that says it. */
function placed(name: string, at: FilePosition | undefined): Place {
  return { subject: `filter "${name}"${at === undefined ? '' : ` (${describePosition(at)})`}`, ...defined({ at }) };
}
