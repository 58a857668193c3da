import { append } from '../../base/lists.ts';
import { describePosition, type Problem } from '../../base/problem.ts';
import { parseShare, type Share } from '../../base/share.ts';
import { quoted, useWords } from '../../base/text.ts';
import type { Command } from '../../deploy/report/report.ts';
import { type SettingPlace, type SettingPlaces, subjectAt } from '../../filter/written.ts';
import { parseDuration } from './duration.ts';
import { FILTER_INPUTS, INPUT_NAMES, INPUTS, type InputName, isInputOf, type WordInput, type WordOf } from './table.ts';

/** Gives an input's text as the runner passes it, untrimmed; the empty string when it is not set. */
export type ReadInput = (name: string) => string;

/** What is wrong with a value is told of where the value stands. */
export type InputPlace = SettingPlace;

/** Tells how messages call a value, and where it stands. */
export type PlaceOfInput = (name: InputName) => InputPlace;

/** A value that the workflow sets. */
export const inputPlace: PlaceOfInput = (name) => ({ subject: `input "${name}"` });

/** Returns where a manifest says something of a filter, by the names of inputs; `undefined` where none does. */
export function settingPlaces(place: PlaceOfInput): SettingPlaces | undefined {
  const places = FILTER_INPUTS.flatMap((name) => {
    const where = place(name);
    return where.at === undefined ? [] : [[name, where] as const];
  });
  return places.length === 0 ? undefined : Object.fromEntries(places);
}

/** Returns the problems of what a value names, such as a file, with where the value stands if that is in a file of the workspace. */
export function problemsAt({ at }: InputPlace, problems: readonly Problem[]): readonly Problem[] {
  if (at === undefined) return problems;
  const where = describePosition(at);
  return problems.map((problem) => ({
    ...problem,
    at,
    subject: problem.subject === undefined ? where : `${where}: ${problem.subject}`,
  }));
}

/** The runner's environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What a duration may be. */
export interface DurationRange {
  /** In milliseconds; 0 or more. */
  readonly least: number;
  readonly max: number;
  /** What to write instead of what is none. */
  readonly remedy: string;
}

/**
 * Reads the inputs that mean something to the command and gathers what is wrong with them. An input that means nothing to
 * the command counts as left out. Where something is wrong, a stand-in lets the other checks go on.
 */
export class InputReader {
  readonly command: Command;
  /** Whether `command` is a stand-in: then nobody knows which inputs are needed. */
  readonly commandUnknown: boolean;
  readonly #read: ReadInput;
  readonly #place: PlaceOfInput;
  readonly #problems: Problem[] = [];
  readonly #faulty = new Set<InputName>();

  /** `place` is where the values stand that `read` gives, if that is not in the inputs. */
  constructor(read: ReadInput, place: PlaceOfInput = inputPlace) {
    this.#read = read;
    this.#place = place;
    this.command = this.oneOf('command');
    this.commandUnknown = this.#problems.length > 0;
  }

  get problems(): readonly Problem[] {
    return this.#problems;
  }

  /** An input to the byte. */
  raw(name: InputName): string {
    return this.#counts(name) ? this.#read(name) : INPUTS[name].default;
  }

  /** An input without the blanks around it, or its default. */
  text(name: InputName): string {
    return this.raw(name).trim() || INPUTS[name].default;
  }

  /** The lines of an input that say something. */
  lines(name: InputName): string[] {
    const lines = this.text(name).split('\n');
    return lines.map((line) => line.trim()).filter((line) => line !== '');
  }

  /** Whether an input says something else than its default: the runner fills in the defaults of action.yml. */
  isSet(name: InputName): boolean {
    return this.text(name) !== INPUTS[name].default;
  }

  /** The inputs that say something and mean nothing to the command. */
  meaningless(): InputName[] {
    const says = (name: InputName): boolean => !['', INPUTS[name].default].includes(this.#read(name).trim());
    return INPUT_NAMES.filter((name) => !this.#counts(name) && says(name));
  }

  /** The inputs that something is wrong with. */
  get faulty(): ReadonlySet<InputName> {
    return this.#faulty;
  }

  wrong(name: InputName, message: string, remedy: string): void {
    this.#faulty.add(name);
    this.#problems.push({ kind: 'input', ...subjectAt(this.#place(name)), message, remedy });
  }

  /** Keeps what somebody else has found wrong with an input. */
  add(name: InputName, problems: readonly Problem[]): void {
    if (problems.length > 0) this.#faulty.add(name);
    append(
      this.#problems,
      problems.map((problem) => ({ ...problem, ...subjectAt(this.#place(name)) })),
    );
  }

  /** Returns the word that an input is; the first of those that it may be if it is none of them. */
  oneOf<N extends WordInput>(name: N): WordOf<N> {
    const legal: readonly [WordOf<N>, ...WordOf<N>[]] = INPUTS[name].values;
    const value = this.text(name);
    const known = legal.find((word) => word === value);
    if (known === undefined) {
      this.wrong(name, `has the unknown value ${quoted(value)}.`, useWords(value, legal));
    }
    return known ?? legal[0];
  }

  /** GitHub's own boolean inputs are YAML 1.2 booleans: true, True, TRUE and the same of false. */
  boolean(name: InputName): boolean {
    const value = this.text(name);
    if (/^(true|True|TRUE)$/.test(value)) return true;
    if (/^(false|False|FALSE)$/.test(value)) return false;
    this.wrong(name, `has the unknown value ${quoted(value)}.`, useWords(value, ['true', 'false']));
    return INPUTS[name].default === 'true';
  }

  /** A whole number from `least` to `most`; `undefined` if the input is empty. */
  wholeNumber(name: InputName, least: number, max: number, remedy: string): number | undefined {
    const value = this.text(name);
    if (value === '') return undefined;
    const number = /^-?\d+$/.test(value) ? Number(value) : Number.NaN;
    if (number >= least && number <= max) return number;
    this.wrong(name, `is ${quoted(value)}.`, remedy);
    return least;
  }

  /** In milliseconds; `undefined` if the input is empty. */
  duration(name: InputName, { least, max, remedy }: DurationRange): number | undefined {
    const value = this.text(name);
    if (value === '') return undefined;
    const ms = parseDuration(value);
    if (ms !== undefined && ms >= least && ms <= max) return ms;
    this.wrong(name, `is ${quoted(value)}.`, remedy);
    return least;
  }

  /** `undefined` if the input is empty or wrong. */
  share(name: InputName, remedy: string, legal: (share: Share) => boolean = () => true): Share | undefined {
    const value = this.text(name);
    if (value === '') return undefined;
    const share = parseShare(value);
    if (share !== undefined && legal(share)) return share;
    this.wrong(name, `is ${quoted(value)}.`, remedy);
    return undefined;
  }

  #counts(name: InputName): boolean {
    return this.commandUnknown || isInputOf(this.command, name);
  }
}
