import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseProbe } from '../../../../src/action/inputs/probe.ts';
import type { Result } from '../../../../src/base/problem.ts';
import type { Probe } from '../../../../src/deploy/probe.ts';
import { messagesIn, must, problemsIn } from '../../builders.ts';

const parse = (text: string, port?: number): Result<Probe> => parseProbe({ origin: 'input "probe"', text }, port);
const GET: Probe = { port: 9080, method: 'GET', path: '/', headers: {}, expect: { status: [200], headers: {} } };

describe('a probe', () => {
  test.each<[string, Partial<Probe>]>([
    [':9080/health', { path: '/health' }],
    [' :9080/health\n', { path: '/health' }],
    ['":9080/health"', { path: '/health' }],
    [':9080/', {}],
    [':9080/a/:b?c=d&e=%20', { path: '/a/:b?c=d&e=%20' }],
    ['{port: 9080}', {}],
    ['port: 9080\npath: /health', { path: '/health' }],
    ['{"port": "9080", "path": "/health?a=b"}', { path: '/health?a=b' }],
    ['{port: 9080, method: POST, body: "a=b"}', { method: 'POST', body: 'a=b' }],
    ['{port: 9080, body: 5}', { body: '5' }],
    ['{port: 9080, body: ""}', { body: '' }],
    [
      '{port: 9080, headers: {X-User: tester, x-n: 5, x-b: true, x-e: ""}}',
      { headers: { 'X-User': 'tester', 'x-n': '5', 'x-b': 'true', 'x-e': '' } },
    ],
    ['{port: 9080, expect: {}}', {}],
    ['{port: 9080, expect: {status: 204}}', { expect: { status: [204], headers: {} } }],
    ['{port: 9080, expect: {status: [200, 204, 200]}}', { expect: { status: [200, 204], headers: {} } }],
    [
      '{port: 9080, expect: {headers: {X-Bookshop: open, x-old: null, X-Any: "*"}}}',
      { expect: { status: [200], headers: { 'x-bookshop': 'open', 'x-old': null, 'x-any': '*' } } },
    ],
    ['port: 9080\nexpect:\n  headers:\n    x-old:', { expect: { status: [200], headers: { 'x-old': null } } }],
    ['{port: 9080, expect: {body: welcome}}', { expect: { status: [200], headers: {}, body: 'welcome' } }],
    ['{port: 9080, method: HEAD}', { method: 'HEAD' }],
  ])('%s', (text, expected) => {
    expect(must(parse(text))).toEqual({ ...GET, ...expected });
  });

  test('without a port has that of the input', () => {
    expect(must(parse('/health', 9080))).toEqual({ ...GET, path: '/health' });
    expect(must(parse('{path: /health}', 9080))).toEqual({ ...GET, path: '/health' });
    expect(must(parse(':80/health', 9080)).port).toBe(80);
    expect(must(parse('{port: 80}', 9080)).port).toBe(80);
  });
});

describe('no probe', () => {
  test.each<[string, string | RegExp]>([
    ['health', 'is "health", which is not a probe. Write ":9080/health", or a mapping'],
    [':9080', 'is ":9080", which is not a probe.'],
    ['GET /health', 'is "GET /health", which is not a probe.'],
    ['http://reviews:9080/health', 'which is not a probe.'],
    ['5', 'is 5, which is not a probe.'],
    ['[/health]', 'is ["/health"], which is not a probe.'],
    ['~', 'is null, which is not a probe.'],
    ['# nothing', 'is empty.'],
    ['{port: 9080', /^is not valid YAML: .+ in line 1, column \d+\./],
    ['&a {port: 9080, body: *a}', 'has an anchor (&) with an alias (*) of itself inside.'],
    ['/health', 'names no port. Write it into the probe, such as ":9080/health", or set the input "port".'],
    ['{}', 'names no port.'],
    [':0/health', 'has an invalid port: "0". A port is a whole number from 1 to 65535.'],
    [':http/health', 'has an invalid port: "http".'],
    [':/health', 'has an invalid port: "".'],
    ['{port: [80]}', 'has an invalid port: [80].'],
    ['{port: null}', 'has an invalid port: null.'],
    ['{port: 80, path: health}', 'has the path "health". A path starts with "/"'],
    ['{port: 80, path: 5}', 'has the path 5.'],
    [':80/a#b', 'has the path "/a#b".'],
    [':80/a b', 'has the path "/a b".'],
    ['":80/a\\nHost: b"', 'has the path "/a\\nHost: b".'],
    [':80/ä', 'has the path "/ä".'],
    ['{port: 80, method: get}', 'has the unknown method "get". Use GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS.'],
    ['{port: 80, method: CONNECT}', 'has the unknown method "CONNECT".'],
    ['{port: 80, prot: 81}', 'has the unknown key "prot". Did you mean "port"? Known keys are path, port, method'],
    ['{port: 80, status: 200}', 'has the unknown key "status".'],
    ['{port: 80, expect: {stauts: 200}}', 'has the unknown key "expect.stauts". Did you mean "expect.status"?'],
    ['{port: 80, expect: 200}', 'has an "expect" that is not a mapping.'],
    ['{port: 80, expect: null}', 'has an "expect" that is not a mapping.'],
    ['{port: 80, expect: {status: 199}}', 'expects the status 199. A status is a whole number from 200 to 599'],
    ['{port: 80, expect: {status: 600}}', 'expects the status 600.'],
    ['{port: 80, expect: {status: 200.5}}', 'expects the status 200.5.'],
    ['{port: 80, expect: {status: 2xx}}', 'expects the status "2xx".'],
    ['{port: 80, expect: {status: [200, ok]}}', 'expects the status [200,"ok"].'],
    ['{port: 80, expect: {status: []}}', 'expects the status [].'],
    ['{port: 80, method: HEAD, expect: {body: x}}', 'expects a body, which an answer to HEAD never has.'],
    ['{port: 80, body: null}', 'has a "body" that is not text.'],
    ['{port: 80, body: {a: 1}}', 'has a "body" that is not text.'],
    ['{port: 80, expect: {body: [a]}}', 'has a "expect.body" that is not text.'],
    ['{port: 80, headers: x-a}', 'has "headers" that are not a mapping.'],
    ['{port: 80, headers: [x-a]}', 'has "headers" that are not a mapping.'],
    ['{port: 80, expect: {headers: x-a}}', 'has "expect.headers" that are not a mapping.'],
    ['{port: 80, headers: {"x a": b}}', 'has "x a" in "headers", which cannot name a header.'],
    ['{port: 80, headers: {"": b}}', 'has "" in "headers", which cannot name a header.'],
    ['{port: 80, headers: {":path": b}}', 'has ":path" in "headers", which cannot name a header.'],
    ['{port: 80, headers: {x-a: "b\\r\\nx-c: d"}}', 'has no valid value for "x-a" in "headers".'],
    ['{port: 80, headers: {x-a: [b]}}', 'has no valid value for "x-a" in "headers".'],
    ['{port: 80, headers: {x-a: "€"}}', 'has no valid value for "x-a" in "headers".'],
    ['{port: 80, headers: {x-a: null}}', 'has no value for the header "x-a".'],
    ['{port: 80, headers: {x-a: b, X-A: c}}', 'has the header "X-A" twice in "headers".'],
    ['{port: 80, expect: {headers: {x-a: b, X-A: null}}}', 'has the header "X-A" twice in "expect.headers".'],
    ['{port: 80, headers: {Content-Length: 5}}', 'has the header "Content-Length", which the HTTP client sets itself.'],
    ['{port: 80, headers: {connection: close}}', 'has the header "connection", which the HTTP client sets itself.'],
  ])('%s', (text, message) => {
    const matching = typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message);
    expect(messagesIn(parse(text))).toEqual([matching]);
    expect(problemsIn(parse(text))[0]).toMatchObject({ kind: 'input', subject: 'input "probe"' });
  });

  test('everything that is wrong is told at once', () => {
    const text =
      '{port: 0, path: x, method: x, headers: x, body: {}, expect: {status: x, headers: x, body: {}, x: x}, xyzzy: x}';
    expect(messagesIn(parse(text))).toHaveLength(10);
  });
});

describe('of any text', () => {
  const name = fc.stringMatching(/^[A-Za-z0-9-]{1,12}$/);
  const byName = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> =>
    fc
      .uniqueArray(fc.tuple(name, value), { selector: ([key]) => key.toLowerCase(), maxLength: 4 })
      .map(Object.fromEntries);
  const value = fc.stringMatching(/^[ -~]{0,20}$/);
  const body = fc.option(fc.string(), { nil: undefined });
  const probes: fc.Arbitrary<Probe> = fc
    .record({
      port: fc.integer({ min: 1, max: 65_535 }),
      method: fc.constantFrom<Probe['method'][]>('GET', 'POST', 'PUT', 'DELETE'),
      path: fc.stringMatching(/^\/[a-z0-9/?&=%:.-]{0,20}$/),
      headers: byName(value).filter(
        (headers) => !Object.keys(headers).some((key) => /^(upgrade|expect|connection)$/i.test(key)),
      ),
      body,
      expect: fc.record({
        status: fc.uniqueArray(fc.integer({ min: 200, max: 599 }), { minLength: 1, maxLength: 3 }),
        headers: byName(fc.option(value)),
        body,
      }),
    })
    .map((probe) => JSON.parse(JSON.stringify(probe)));

  test('what is written as JSON is read back, response headers by their lower-case names', () => {
    fc.assert(
      fc.property(probes, (probe) => {
        const headers = Object.entries(probe.expect.headers).map(([key, wanted]) => [key.toLowerCase(), wanted]);
        const expected = { ...probe, expect: { ...probe.expect, headers: Object.fromEntries(headers) } };
        expect(must(parse(JSON.stringify(probe)))).toEqual(expected);
      }),
    );
  });

  test('the short form is the mapping with port and path', () => {
    fc.assert(
      fc.property(probes, ({ port, path }) => {
        const short = must(parse(JSON.stringify(`:${port}${path}`)));
        expect(short).toEqual(must(parse(JSON.stringify({ port, path }))));
        expect(must(parse(JSON.stringify(path), port))).toEqual(short);
      }),
    );
  });

  test('nothing makes it throw, and what it accepts can be sent', () => {
    const word = fc.constantFrom(
      ':',
      '80',
      '/',
      'a',
      '{',
      '}',
      ', ',
      ': ',
      'port',
      'expect',
      'headers',
      '"',
      '#',
      '*',
      '\n',
    );
    const texts = fc.oneof(
      fc.string(),
      fc.array(word).map((words) => words.join('')),
      fc.json(),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const read = parse(text);
        if (!read.ok) expect(read.problems.length).toBeGreaterThan(0);
        else expect(read.value.path).toMatch(/^\/[!-~]*$/);
      }),
      { numRuns: 300 },
    );
  });
});
