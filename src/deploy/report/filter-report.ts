import type { ModuleSource } from '../../filter/module/module.ts';
import type { FilterSettings } from '../../filter/settings.ts';
import type { Provenance } from '../../provenance/policy.ts';
import type { OnNewDigest } from '../policy.ts';

/** A filter as it was asked for. */
export interface FilterReport {
  readonly name: string;
  readonly digest: string;
  readonly bytes: number;
  /** What it was before it was shrunk, and how that was done, in words. */
  readonly original?: { readonly digest: string; readonly bytes: number; readonly how: string };
  readonly settings: FilterSettings;
  /** Its settings that were refused, in whose place `settings` holds stand-ins; omitted for none. */
  readonly refusedSettings?: readonly string[];
  /** Which build made it; omitted when no attestation was asked for or found. */
  readonly provenance?: Provenance;
  /** Where it came from, and what that was resolved to. */
  readonly source?: ModuleSource;
  /** What happens to workloads that run what its tag named before; omitted where no tag decides on its bytes. */
  readonly onNewDigest?: OnNewDigest;
  /** Why it is mounted or pulled, as a clause; omitted when nobody would ask. */
  readonly delivered?: string;
  /** What its page says of values that may not be everybody's; omitted where it shows the configuration, and the names of variables. */
  readonly shown?: ShownValues;
}

/** What a page says in place of a filter's configuration and environment. */
export interface ShownValues {
  /** The empty string for none. */
  readonly configuration: string;
  /** `undefined` for none. */
  readonly environment: string | Readonly<Record<string, string>> | undefined;
}
