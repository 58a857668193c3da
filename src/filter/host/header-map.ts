import type { Header } from './request.ts';

/** Headers or trailers as Envoy keeps them: names in lower case, in order, a name possibly more than once. */
export class HeaderMap {
  #headers: Header[];

  constructor(headers: readonly Header[] = []) {
    this.#headers = headers.map(([name, value]) => [name.toLowerCase(), value]);
  }

  get headers(): readonly Header[] {
    return this.#headers;
  }

  /** Bytes of all names and values. */
  get byteSize(): number {
    return this.#headers.reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0);
  }

  /** The first value. */
  get(name: string): string | undefined {
    const wanted = name.toLowerCase();
    return this.#headers.find(([known]) => known === wanted)?.[1];
  }

  add(name: string, value: string): void {
    this.#headers.push([name.toLowerCase(), value]);
  }

  /** Puts the one value where the first was, or at the end. */
  replace(name: string, value: string): void {
    const wanted = name.toLowerCase();
    const first = this.#headers.findIndex(([known]) => known === wanted);
    if (first === -1) this.add(wanted, value);
    else {
      this.#headers[first] = [wanted, value];
      this.#headers = this.#headers.filter(([known], index) => known !== wanted || index === first);
    }
  }

  remove(name: string): void {
    const wanted = name.toLowerCase();
    this.#headers = this.#headers.filter(([known]) => known !== wanted);
  }

  replaceAll(headers: readonly Header[]): void {
    this.#headers = headers.map(([name, value]) => [name.toLowerCase(), value]);
  }
}
