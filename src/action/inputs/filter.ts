import { defined } from '../../base/defined.ts';
import type { FilterRequest } from '../../deploy/request.ts';
import type { FilterSettings } from '../../filter/settings.ts';
import type { ShrinkMode } from '../../filter/shrink/shrink.ts';
import { readAdopt } from './adopt.ts';
import { type DeliveryInputs, readDelivery } from './delivery.ts';
import { DAY_MS } from './duration.ts';
import { type OriginInputs, readOrigin } from './origin.ts';
import { type ProvenanceInputs, readProvenance } from './provenance.ts';
import type { InputReader } from './reader.ts';
import { type InputScope, readScope } from './scope.ts';
import { readFilterSettings } from './settings.ts';

/** What is said of one filter, read and checked. What means nothing to the command has its default. */
export interface FilterInputs extends InputScope {
  /** Where the filter comes from and goes to. */
  readonly from: OriginInputs;
  readonly settings: FilterSettings;
  readonly delivery: DeliveryInputs;
  /** Whether the module may be made smaller. */
  readonly shrink: ShrinkMode;
  readonly provenance: ProvenanceInputs;
  readonly options: FilterOptions;
  readonly tests: TestInputs;
}

/** Where the tests of a filter are: YAML, and paths or patterns of files. */
export interface TestInputs {
  readonly list: string;
  readonly files: readonly string[];
}

/** What a deployment is told of one filter. */
export type FilterOptions = Pick<FilterRequest, 'check' | 'adopt' | 'onNewDigest' | 'expiresMs'>;

/** Stands in for the name of a filter that has none. */
export const UNNAMED = 'filter';

/** A hundred years: a date that far away can still be written down. */
const MAX_EXPIRY_DAYS = 36_500;

/** Reads all that is said of one filter. */
export function readFilterInputs(reader: InputReader): FilterInputs {
  const from = readOrigin(reader);
  const scope = readScope(reader);
  const options = readOptions(reader);
  return {
    ...scope,
    from,
    settings: readFilterSettings(reader, scope.name || UNNAMED),
    delivery: readDelivery(reader),
    shrink: readShrink(reader, options),
    provenance: readProvenance(reader),
    options,
    tests: { list: reader.raw('tests'), files: reader.lines('tests-file') },
  };
}

/** Only the check compares what a rewritten filter does with what it did before; custom sections mean nothing anyway. */
function readShrink(reader: InputReader, { check }: FilterOptions): ShrinkMode {
  const mode = reader.oneOf('shrink');
  if (mode === 'optimize' && !check) {
    reader.wrong(
      'shrink',
      'is optimize, but with "check: off" nothing verifies that the rewritten filter behaves as before.',
      'Set "check: auto", or leave "shrink" out.',
    );
  }
  return mode;
}

function readOptions(reader: InputReader): FilterOptions {
  const expiresMs = reader.duration('expires', {
    least: 1,
    max: MAX_EXPIRY_DAYS * DAY_MS,
    remedy: `Write a time such as 72h or 7d, at most ${MAX_EXPIRY_DAYS}d; leave it out for never.`,
  });
  return {
    check: reader.oneOf('check') === 'auto',
    adopt: readAdopt(reader),
    onNewDigest: reader.oneOf('on-new-digest'),
    ...defined({ expiresMs }),
  };
}
