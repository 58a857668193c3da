import { listWords } from './text.ts';

/** Something that a run has noticed and that stops nothing, said to the person who may want to act on it. */
export interface Warning {
  /** What sort of thing it is about, as a title: `Shared Wasm VM`. */
  readonly topic: string;
  /** The one thing that it is about: a workload, an object, an input. Omitted where it is about several, or about the run. */
  readonly subject?: string;
  /** Whole sentences that can be read without topic and subject. */
  readonly text: string;
}

/** Returns the warning as a title: `Shared Wasm VM: Deployment shop/reviews`. */
export function warningTitle({ topic, subject }: Warning): string {
  return subject === undefined ? topic : `${topic}: ${subject}`;
}

/** Returns the subject of a warning that names all of these: the only one of them, none where they are several. */
export function onlySubject(names: readonly string[]): Pick<Warning, 'subject'> {
  const [subject] = names;
  return subject !== undefined && names.length === 1 ? { subject } : {};
}

/** Returns what is said of them. */
export function warningTexts(warnings: readonly Warning[]): string[] {
  return warnings.map(({ text }) => text);
}

/** Returns the warning with the filters that it is about, unless it names them or is about `all` that there are. */
export function aboutFilters(warning: Warning, filters: readonly string[], all: readonly string[]): Warning {
  const names = filters.map((name) => `"${name}"`);
  if (filters.length === all.length || names.every((name) => warning.text.includes(name))) return warning;
  const which = `${names.length === 1 ? 'Filter' : 'Filters'} ${listWords(names, 'and')}`;
  return { ...warning, text: `${which}: ${warning.text}` };
}

/** Returns the warnings, each text once. */
export function distinctWarnings(warnings: readonly Warning[]): Warning[] {
  return [...new Map(warnings.map((warning) => [warning.text, warning])).values()];
}

/** Gathers warnings while work is done, each text once. */
export class WarningList {
  readonly #byText = new Map<string, Warning>();

  constructor(warnings: readonly Warning[] = []) {
    for (const warning of warnings) this.add(warning);
  }

  get all(): readonly Warning[] {
    return [...this.#byText.values()];
  }

  add(warning: Warning): void {
    if (!this.#byText.has(warning.text)) this.#byText.set(warning.text, warning);
  }
}
