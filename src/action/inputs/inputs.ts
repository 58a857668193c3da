import { defined } from '../../base/defined.ts';
import type { Problem } from '../../base/problem.ts';
import { MISSING, type Missing, type RolloutPolicy, SETTINGS_CHANGES } from '../../deploy/policy.ts';
import type { Command } from '../../deploy/report/report.ts';
import type { DeployRequest } from '../../deploy/request.ts';
import type { FilterSettings } from '../../filter/settings.ts';
import { SHRINK_MODES, type ShrinkMode } from '../../filter/shrink/shrink.ts';
import { readAdopt } from './adopt.ts';
import { type ClusterInputs, readClusters } from './clusters.ts';
import { type DeliveryInputs, readDelivery } from './delivery.ts';
import { DAY_MS } from './duration.ts';
import { type OriginInputs, readOrigin } from './origin.ts';
import { ignoring, policyWarnings, readPolicy } from './policy.ts';
import { type ProvenanceInputs, readProvenance } from './provenance.ts';
import { type Environment, InputReader, type ReadInput } from './reader.ts';
import { type InputScope, readScope } from './scope.ts';
import { readFilterSettings } from './settings.ts';
import type { InputName } from './table.ts';
import { findUnknownInputs } from './unknown.ts';

export type { ReadInput } from './reader.ts';

/** What only a deployment is told. */
export type DeployOptions = Pick<
  DeployRequest,
  'check' | 'settingsChange' | 'prune' | 'keepRevisions' | 'adopt' | 'expiresMs'
>;

/** The action's inputs, read and checked. What means nothing to the command has its default. */
export interface Inputs extends InputScope, ClusterInputs {
  readonly command: Command;
  /** Where the filter comes from and goes to. */
  readonly from: OriginInputs;
  readonly settings: FilterSettings;
  readonly delivery: DeliveryInputs;
  readonly policy: RolloutPolicy;
  readonly options: DeployOptions;
  /** Whether the module may be made smaller. */
  readonly shrink: ShrinkMode;
  readonly provenance: ProvenanceInputs;
  /** The folder that `render` writes to, from the workspace. */
  readonly renderTo: string;
  /** What a removal makes of a filter that is not there. */
  readonly missing: Missing;
  /** The file of the workspace that the complete report is written to; empty for none. */
  readonly reportFile: string;
}

/** Inputs and what is wrong with them. Where something is, a stand-in lets the other checks go on; it is never used. */
export interface InputsRead {
  readonly inputs: Inputs;
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
  /** The inputs that something is wrong with. */
  readonly faulty: ReadonlySet<InputName>;
}

/** Stands in for the name of a filter that has none. */
export const UNNAMED = 'filter';

/** Whether a filter is looked at and tried on the runner before anything is written. */
const CHECKS = ['auto', 'off'] as const;
const MAX_KEPT_REVISIONS = 20;
/** A hundred years: a date that far away can still be written down. */
const MAX_EXPIRY_DAYS = 36_500;

/**
 * Reads every input once. Only this function asks the runner for inputs. `environment` tells which ones were set that there are
 * none of.
 */
export function readInputs(read: ReadInput, environment: Environment = {}): InputsRead {
  const reader = new InputReader(read);
  const { command } = reader;
  const from = readOrigin(reader);
  const scope = readScope(reader);
  const settings = readFilterSettings(reader, scope.name || UNNAMED);
  const policy = readPolicy(reader, settings.port);
  const options = readOptions(reader);
  const inputs: Inputs = {
    command,
    ...scope,
    from,
    ...readClusters(reader),
    settings,
    delivery: readDelivery(reader),
    policy,
    options,
    shrink: readShrink(reader, options),
    provenance: readProvenance(reader),
    renderTo: reader.text('render-to'),
    missing: reader.oneOf('missing', MISSING),
    reportFile: reader.text('report-file'),
  };
  const meaningless = reader.meaningless();
  const warnings = [
    ...(meaningless.length === 0 ? [] : [ignoring(meaningless, `to "command: ${command}"`)]),
    ...policyWarnings(reader, policy),
  ];
  const unknown = findUnknownInputs(environment);
  return {
    inputs,
    problems: [...unknown.map(({ problem }) => problem), ...reader.problems],
    warnings,
    // What was meant by a mistyped name is not known either.
    faulty: new Set([...reader.faulty, ...unknown.flatMap(({ meant }) => meant ?? [])]),
  };
}

/** Only the check compares what a rewritten filter does with what it did before; custom sections mean nothing anyway. */
function readShrink(reader: InputReader, { check }: DeployOptions): ShrinkMode {
  const mode = reader.oneOf('shrink', SHRINK_MODES);
  if (mode === 'optimize' && !check) {
    reader.wrong(
      'shrink',
      'is optimize, but with "check: off" nothing verifies that the rewritten filter behaves as before.',
      'Set "check: auto", or leave "shrink" out.',
    );
  }
  return mode;
}

function readOptions(reader: InputReader): DeployOptions {
  const expiresMs = reader.duration('expires', {
    least: 1,
    max: MAX_EXPIRY_DAYS * DAY_MS,
    remedy: `Write a time such as 72h or 7d, at most ${MAX_EXPIRY_DAYS}d; leave it out for never.`,
  });
  const keepRevisions = reader.wholeNumber(
    'keep-revisions',
    0,
    MAX_KEPT_REVISIONS,
    `Give a whole number from 0 to ${MAX_KEPT_REVISIONS}.`,
  );
  return {
    check: reader.oneOf('check', CHECKS) === 'auto',
    settingsChange: reader.oneOf('settings', SETTINGS_CHANGES),
    prune: reader.boolean('prune'),
    keepRevisions: keepRevisions ?? 0,
    adopt: readAdopt(reader),
    ...defined({ expiresMs }),
  };
}
