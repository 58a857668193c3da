import { defined } from '../../base/defined.ts';
import type { FilePosition, Problem } from '../../base/problem.ts';
import type { Revision } from '../../mesh/identity/revision.ts';
import type { FilterRequest } from '../request.ts';

/** What messages call a value, and where it stands. */
export type Place = Pick<Problem, 'at'> & Required<Pick<Problem, 'subject'>>;

/** Where the parts of a revision are written down. */
export interface WrittenRevision {
  /** Where a manifest names its module; `undefined` where no file does. */
  readonly module: FilePosition | undefined;
  /** Of one of its settings, by the name of its input. */
  readonly setting: (input: string) => Place;
  /** Of its settings as a whole, whose subject tells it from the filter's other ones. */
  readonly whole: Place;
}

/** Tells of the revisions of filters where they are written down, as far as the requests know. */
export function whereWritten(filters: readonly FilterRequest[]): (revision: Revision) => WrittenRevision {
  const byName = new Map(filters.map((filter) => [filter.name, filter]));
  return ({ filter: name, settings: { configuration } }) => {
    const { places = {}, targets = [] } = byName.get(name) ?? {};
    const own = targets.find(({ override }) => override.configuration === configuration);
    const subject = `filter "${name}"`;
    return {
      module: places.filter?.at,
      setting: (input) => places[input] ?? { subject: `input "${input}"` },
      whole:
        own === undefined
          ? { subject, ...defined({ at: places.configuration?.at ?? places.filter?.at }) }
          : { subject: `${subject} (${own.origin})`, ...defined({ at: own.at }) },
    };
  };
}
