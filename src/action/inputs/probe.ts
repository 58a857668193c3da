import { defined } from '../../base/defined.ts';
import { isObject } from '../../base/json.ts';
import { unknownKeys } from '../../base/keys.ts';
import { Diagnostics, fail, ok, type Problem, type Result } from '../../base/problem.ts';
import { listWords, quoted } from '../../base/text.ts';
import { readYaml } from '../../base/yaml.ts';
import type { Probe, ProbeExpectation } from '../../deploy/probe.ts';
import { parsePort } from '../../filter/settings.ts';

/** The text of a probe and what messages call it. */
export interface ProbeText {
  readonly origin: string;
  readonly text: string;
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const satisfies Probe['method'][];
const KEYS = ['path', 'port', 'method', 'headers', 'body', 'expect'];
const EXPECT_KEYS = ['status', 'headers', 'body'];
const FORMS =
  'Write ":9080/health", or a mapping such as {path: /health, port: 9080, expect: {status: 200, headers: {x-shop: open}}}.';

/** Visible ASCII but `#`: what a request line can carry (https://www.rfc-editor.org/rfc/rfc9112#section-3.2). */
export const PATH = /^\/[!"$-~]*$/;
/** https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2 */
export const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;
/** https://www.rfc-editor.org/rfc/rfc9110#section-5.5, without what is more than a byte. */
export const HEADER_VALUE = /^[\t -~\u0080-\u00ff]*$/;
/** They frame the message or the connection, which is the client's affair. */
const CLIENT_HEADERS = ['connection', 'content-length', 'expect', 'keep-alive', 'transfer-encoding', 'upgrade'];

/**
 * Reads a probe: a YAML or JSON mapping, or the short form `:9080/health`. `defaultPort` is for a probe that names none.
 * Gives everything that is wrong with it.
 */
export function parseProbe({ origin, text }: ProbeText, defaultPort: number | undefined): Result<Probe> {
  const read = readYaml(text);
  if (!read.ok) return fail(problem(origin, `${read.fault}.`, FORMS));
  const { value } = read;
  if (isObject(value)) return new ProbeReader(origin).read(value, defaultPort);
  const short = typeof value === 'string' ? /^(?::([^/]*))?(\/.*)$/s.exec(value) : null;
  if (short === null) return fail(problem(origin, `is ${quoted(value)}, which is not a probe.`, FORMS));
  const [, port, path] = short;
  return new ProbeReader(origin).read({ path, ...defined({ port }) }, defaultPort);
}

function problem(subject: string, message: string, remedy: string): Problem {
  return { kind: 'input', subject, message, remedy };
}

class ProbeReader {
  readonly #origin: string;
  readonly #diagnostics = new Diagnostics();

  constructor(origin: string) {
    this.#origin = origin;
  }

  read(map: Record<string, unknown>, defaultPort: number | undefined): Result<Probe> {
    this.#refuseUnknown(map, KEYS);
    const body = this.#body(map.body, 'body');
    const method = this.#method(map.method);
    const probe: Probe = {
      port: this.#port(map.port, defaultPort),
      method,
      path: this.#path(map.path),
      headers: this.#requestHeaders(map.headers),
      ...defined({ body }),
      expect: this.#expectation(map.expect, method),
    };
    return this.#diagnostics.ok ? ok(probe) : fail(this.#diagnostics.problems);
  }

  #wrong(message: string, remedy: string): void {
    this.#diagnostics.add(problem(this.#origin, message, remedy));
  }

  #refuseUnknown(map: Record<string, unknown>, known: readonly string[], path = ''): void {
    for (const { message, remedy } of unknownKeys(map, known, path)) this.#wrong(message, remedy);
  }

  #port(value: unknown, defaultPort: number | undefined): number {
    if (value === undefined) {
      if (defaultPort !== undefined) return defaultPort;
      this.#wrong('names no port.', 'Write it into the probe, such as ":9080/health", or set the input "port".');
      return 0;
    }
    const port = typeof value === 'number' || typeof value === 'string' ? parsePort(value) : undefined;
    if (port === undefined) {
      this.#wrong(`has an invalid port: ${quoted(value)}.`, 'A port is a whole number from 1 to 65535.');
    }
    return port ?? 0;
  }

  #path(value: unknown): string {
    if (value === undefined) return '/';
    if (typeof value === 'string' && PATH.test(value)) return value;
    this.#wrong(
      `has the path ${quoted(value)}.`,
      'A path starts with "/" and may have a query; encode blanks, "#" and all characters that are not ASCII with "%".',
    );
    return '/';
  }

  #method(value: unknown): Probe['method'] {
    if (value === undefined) return 'GET';
    const known = METHODS.find((method) => method === value);
    if (known === undefined) this.#wrong(`has the unknown method ${quoted(value)}.`, `Use ${listWords(METHODS)}.`);
    return known ?? 'GET';
  }

  #body(value: unknown, key: string): string | undefined {
    if (value === undefined) return undefined;
    const text = asText(value);
    if (text === undefined) this.#wrong(`has a "${key}" that is not text.`, 'Put the text in quotes, or after "|".');
    return text;
  }

  #requestHeaders(value: unknown): Record<string, string> {
    const headers = this.#headers(value, 'headers');
    const given: [string, string][] = [];
    for (const [name, text] of headers) {
      if (CLIENT_HEADERS.includes(name.toLowerCase())) {
        this.#wrong(`has the header ${quoted(name)}, which the HTTP client sets itself.`, 'Leave it out.');
      } else if (text === null) {
        this.#wrong(`has no value for the header ${quoted(name)}.`, 'Write one, or "" for an empty one.');
      } else given.push([name, text]);
    }
    return Object.fromEntries(given);
  }

  /** Names as they are written, each once in whatever case; null where there is no value. */
  #headers(value: unknown, key: string): [string, string | null][] {
    if (value === undefined) return [];
    if (!isObject(value)) {
      this.#wrong(`has "${key}" that are not a mapping.`, 'Write them as {name: value}.');
      return [];
    }
    const seen = new Set<string>();
    return Object.entries(value).flatMap(([name, given]) => {
      const text = given === null ? null : asText(given);
      if (!HEADER_NAME.test(name)) {
        this.#wrong(`has ${quoted(name)} in "${key}", which cannot name a header.`, 'Use letters, digits and "-".');
      } else if (seen.has(name.toLowerCase())) {
        this.#wrong(
          `has the header ${quoted(name)} twice in "${key}".`,
          'Names of headers that differ only in case are the same; keep one.',
        );
      } else if (text === undefined || (text !== null && !HEADER_VALUE.test(text))) {
        this.#wrong(
          `has no valid value for ${quoted(name)} in "${key}".`,
          'A value is one line of text; put it in quotes.',
        );
      } else {
        seen.add(name.toLowerCase());
        return [[name, text] as [string, string | null]];
      }
      return [];
    });
  }

  #expectation(value: unknown, method: Probe['method']): ProbeExpectation {
    const map = value === undefined ? {} : value;
    if (!isObject(map)) {
      this.#wrong(
        'has an "expect" that is not a mapping.',
        'Write it as {status: 200, headers: {x-shop: open}, body: text}.',
      );
      return { status: [], headers: {} };
    }
    this.#refuseUnknown(map, EXPECT_KEYS, 'expect.');
    const body = this.#body(map.body, 'expect.body');
    if (body !== undefined && method === 'HEAD') {
      this.#wrong('expects a body, which an answer to HEAD never has.', 'Use GET, or take "expect.body" out.');
    }
    const headers = this.#headers(map.headers, 'expect.headers');
    return {
      status: this.#status(map.status),
      headers: Object.fromEntries(headers.map(([name, text]) => [name.toLowerCase(), text])),
      ...defined({ body }),
    };
  }

  #status(value: unknown): number[] {
    if (value === undefined) return [200];
    const wanted = Array.isArray(value) ? value : [value];
    const statuses = wanted.filter(
      (status): status is number => Number.isInteger(status) && status >= 200 && status <= 599,
    );
    if (wanted.length === 0 || statuses.length < wanted.length) {
      this.#wrong(
        `expects the status ${quoted(value)}.`,
        'A status is a whole number from 200 to 599; several are a list, such as [200, 204].',
      );
    }
    return [...new Set(statuses)];
  }
}

/** YAML reads `x-count: 5` and `x-open: true` as no text; a header or body has nothing else. */
function asText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}
