/** Beyond that, calls are only counted: a filter that goes through a long list calls often. */
const MAX_CALLS = 10_000;

/** Keeps the calls of a trial run in their order, up to an amount that can be handed around. */
export class CallRecorder {
  readonly #calls: string[] = [];
  #more = 0;

  add(call: string): void {
    if (this.#calls.length < MAX_CALLS) this.#calls.push(call);
    else this.#more += 1;
  }

  /** The calls; the last line says how many more there were. */
  get lines(): readonly string[] {
    return this.#more === 0 ? this.#calls : [...this.#calls, `and ${this.#more} more calls`];
  }
}
