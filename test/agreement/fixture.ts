import type { TrialRequest } from '../../src/filter/host/request.ts';
import { assemble } from '../unit/filter/wat.ts';

/** A filter that is judged by the check, by the trial run and by real Envoys. */
export interface Fixture
  extends Partial<
    Pick<TrialRequest, 'rootId' | 'configuration' | 'capabilities' | 'environment' | 'allowOnHeadersStopIteration'>
  > {
  readonly name: string;
  readonly module: Uint8Array;
  /** A header that its answers carry when they went through the filter. */
  readonly header?: string;
}

/** Fixtures of one kind, as a chapter of the table. */
export interface Chapter {
  readonly title: string;
  readonly fixtures: readonly Fixture[];
}

/** Names and the fields of modules in WebAssembly's text format. */
export type Texts = readonly (readonly [name: string, fields: string])[];

export function fromTexts(texts: Texts): Fixture[] {
  return texts.map(([name, fields]) => ({ name, module: assemble(fields) }));
}

/** Puts names and bytes of modules that cannot be written as text. */
export function fromBytes(modules: Readonly<Record<string, Uint8Array>>): Fixture[] {
  return Object.entries(modules).map(([name, module]) => ({ name, module }));
}
