import { describe, expect, test } from '@jest/globals';
import { TESTS_EXAMPLE } from '../../../../scripts/tests-reference.ts';
import { parseTests } from '../../../../src/action/tests-file/parse.ts';
import { describeProblem } from '../../../../src/base/problem.ts';
import type { FilterTest, TestStep } from '../../../../src/filter/tests/filter-test.ts';
import { misread } from '../../../harness/reading.ts';

const FILE = { kind: 'file', file: 'tests.yaml' } as const;

function testsIn(text: string): readonly FilterTest[] {
  const read = parseTests(text, FILE);
  if (!read.ok) throw new Error(read.problems.map(describeProblem).join('\n'));
  return read.value.map((one) => one.test);
}

/** What is wrong with a text, each as `LINE:COLUMN: …`. */
function wrongIn(text: string): string[] {
  const read = parseTests(text, FILE);
  const problems = read.ok ? [] : read.problems;
  expect(misread(problems)).toEqual([]);
  return problems.map((problem) => describeProblem(problem).replace(/^tests\.yaml:/, ''));
}

function stepsOf(text: string): readonly TestStep[] {
  const [first] = testsIn(text);
  return first?.start.kind === 'accepted' ? first.start.steps : [];
}

const step = (keys: string): TestStep | undefined => stepsOf(`- { name: a, ${keys} }`)[0];
const PASSES = 'expect: { response: { status: 200 } }';
const bytes = (text: string): Uint8Array => Buffer.from(text);

test('the example of the reference is read', () => {
  const tests = testsIn(TESTS_EXAMPLE);
  expect(tests.map(({ name }) => name)).toEqual([
    'adds the header',
    'asks who the user is',
    'goes on when nobody answers',
    'refuses a bad configuration',
    'closes after the third',
    'keeps what it has seen',
  ]);
  expect(tests[0]?.start).toEqual({
    kind: 'accepted',
    steps: [
      {
        ticks: 0,
        repeat: 1,
        calls: [],
        request: {
          headers: [
            [':authority', 'service.example'],
            [':path', '/orders?id=1'],
            [':method', 'GET'],
            [':scheme', 'http'],
            ['x-user', 'tester'],
          ],
          chunks: [],
          trailers: [],
        },
        upstream: {
          headers: [
            [':status', '200'],
            ['content-type', 'text/plain'],
          ],
          chunks: [bytes('ok')],
          trailers: [],
        },
        expect: {
          request: {
            headers: { 'x-added': { kind: 'exact', text: '1' }, 'x-old': { kind: 'absent' } },
            trailers: {},
          },
          response: {
            status: { kind: 'exact', text: '200' },
            headers: { 'x-shop': { kind: 'exact', text: 'open' }, date: { kind: 'any' } },
            body: { kind: 'expression', source: '^ok' },
            trailers: {},
          },
          log: [{ kind: 'wildcard', pattern: 'info: *orders*' }],
          metrics: { shop_orders: 1n },
        },
      },
    ],
  });
  expect(tests[3]).toMatchObject({ settings: { configuration: '{' }, start: { kind: 'refused', log: [] } });
  expect(tests[4]?.start).toMatchObject({ steps: [{ repeat: 3, ticks: 2 }] });
});

describe('a step', () => {
  test('without a request sends the usual one, and gets the usual answer', () => {
    expect(step(PASSES)).toMatchObject({
      request: { headers: expect.arrayContaining([[':method', 'GET']]), chunks: [] },
      upstream: { headers: [[':status', '200']], chunks: [] },
    });
  });

  test.each([
    ['body: abc', ['abc']],
    ["body: ''", []],
    ['body: { a: [1] }', ['{"a":[1]}']],
    ['body: 1.10', ['1.10']],
    ['body-base64: AAE=', ['\0\u0001']],
    ['chunks: [ a, bc ]', ['a', 'bc']],
    ['chunks-base64: [ AAE=, YQ== ]', ['\0\u0001', 'a']],
  ])('has the body %s', (body, chunks) => {
    expect(step(`request: { ${body} }, ${PASSES}`)?.request?.chunks).toEqual(chunks.map(bytes));
  });

  test('sends a header several times where it is a list, by its name in lower case', () => {
    const { headers = [], trailers = [] } =
      step(`request: { headers: { X-A: [ 1, true ] }, trailers: { x-b: c } }, ${PASSES}`)?.request ?? {};
    expect(headers.slice(4)).toEqual([
      ['x-a', '1'],
      ['x-a', 'true'],
    ]);
    expect(trailers).toEqual([['x-b', 'c']]);
  });

  test('expects a header several times where it is a list', () => {
    const { expect: { response } = {} } =
      step('expect: { response: { headers: { Set-Cookie: [ a=1, 2 ], b: c } } }') ?? {};
    expect(response?.headers).toEqual({
      'set-cookie': { kind: 'exact', text: 'a=1, 2' },
      b: { kind: 'exact', text: 'c' },
    });
  });

  test('may have headers with names that every object has', () => {
    const names = ['constructor', '__proto__', 'tostring', 'hasownproperty'];
    const headers = `{ ${names.map((name) => `${name}: x`)} }`;
    const found = step(`request: { headers: ${headers} }, expect: { request: { headers: ${headers} } }`);
    expect(found?.request?.headers.slice(4)).toEqual(names.map((name) => [name, 'x']));
    expect(Object.keys(found?.expect.request?.headers ?? {})).toEqual(names);
  });

  test('may be ticks alone', () => {
    expect(step('request: null, ticks: 2, expect: { log: tick }')).toMatchObject({
      ticks: 2,
      expect: { log: [{ kind: 'exact', text: 'tick' }] },
    });
    expect(step('request: null, ticks: 2, expect: { log: tick }')).not.toHaveProperty('request');
  });

  test.each([
    ['{ status: 500, body: no }', { kind: 'http', status: 500 }],
    ['{ grpc-status: 5, grpc-message: gone }', { kind: 'grpc', status: 5, statusMessage: 'gone', messages: [] }],
    ['{ messages-base64: [ YQ== ] }', { kind: 'grpc', status: 0, statusMessage: '', messages: [bytes('a')] }],
    ['{ failure: timeout }', { kind: 'failure', why: 'timeout' }],
  ])('has calls answered by %s', (answer, expected) => {
    const calls = step(`calls: [ { cluster: a, answer: ${answer} } ], ${PASSES}`)?.calls;
    expect(calls).toEqual([
      { cluster: { kind: 'exact', text: 'a' }, path: { kind: 'any' }, answer: expect.objectContaining(expected) },
    ]);
  });

  test.each([
    ['request: null', { request: null }],
    ['response: null', { response: null }],
    [
      'request: { method: POST, path: /a }',
      { request: { headers: { ':method': { kind: 'exact', text: 'POST' }, ':path': { kind: 'exact', text: '/a' } } } },
    ],
    ['response: { from: filter }', { response: { from: 'filter' } }],
    ['response: { status: /^5/ }', { response: { status: { kind: 'expression', source: '^5' } } }],
    ['response: { body: null }', { response: { body: { kind: 'absent' } } }],
    ['response: { body: / }', { response: { body: { kind: 'exact', text: '/' } } }],
    ['metrics: { a: -3, b: "18446744073709551615" }', { metrics: { a: -3n, b: 18446744073709551615n } }],
  ])('expects %s', (keys, expected) => {
    expect(step(`expect: { ${keys} }`)?.expect).toMatchObject(expected);
  });
});

describe('a test', () => {
  test('has settings and properties of its own', () => {
    const [first] = testsIn(
      `- { name: a, configuration: { a: 1 }, environment: { B: 2, C: { from: proxy } }, root-id: r, direction: outbound, properties: { a.b: c, d: 1, e: true }, ${PASSES} }`,
    );
    expect(first?.settings).toEqual({
      configuration: '{"a":1}',
      environment: { B: '2', C: { from: 'proxy' } },
      rootId: 'r',
      direction: 'outbound',
    });
    expect(first?.properties).toEqual({ 'a.b': 'c', d: 1n, e: true });
  });

  test('may be about its start alone', () => {
    expect(testsIn('- { name: a, expect: { start: accepted } }')[0]?.start).toEqual({ kind: 'accepted', steps: [] });
    expect(testsIn("- { name: a, expect: { start: refused, log: 'error: *' } }")[0]?.start).toEqual({
      kind: 'refused',
      log: [{ kind: 'wildcard', pattern: 'error: *' }],
    });
  });

  test('may have steps that share its upstream and its calls', () => {
    const steps = stepsOf(`- name: a
  upstream: { status: 201 }
  calls: [ { cluster: all, answer: { status: 200 } } ]
  sequence:
    - { request: { path: /a } }
    - { upstream: { status: 500 }, calls: [ { cluster: own, answer: { status: 200 } } ], ${PASSES} }
`);
    expect(steps.map(({ upstream }) => upstream.headers)).toEqual([[[':status', '201']], [[':status', '500']]]);
    expect(steps.map(({ calls }) => calls.map(({ cluster }) => cluster.kind === 'exact' && cluster.text))).toEqual([
      ['all'],
      ['own', 'all'],
    ]);
  });
});

/** A text and what is wrong with it. */
const MISTAKES: readonly (readonly [string, readonly string[]])[] = [
  ['', ['1:1 is empty. Write a list']],
  ['a: 1', ['1:1 is {"a":1}, which is not a list. Write a list']],
  ['[]', ['1:1 is an empty list. Write a list']],
  ['- a: [', ['1:7 is not valid YAML']],
  ['- 1', ['1:3: [0] is 1, which is not a mapping. Write a test']],
  [`- { ${PASSES} }`, ['1:3: [0] has no "name". Write what the filter does']],
  [`- { nam: a, ${PASSES} }`, ['1:5: [0] has the unknown key "nam". Did you mean "name"?']],
  [`- { name: '', ${PASSES} }`, ['1:12: [0].name is "". Write what the filter does']],
  ['- { name: a }', ['1:3: [0] expects nothing, so this test could never fail. Write what must be true']],
  ['- { name: a, expect: {} }', ['1:22: [0].expect expects nothing, so this test could never fail.']],
  [
    '- { name: a, expect: { response: {} } }',
    ['1:34: [0].expect.response is empty: it expects nothing. Name a status'],
  ],
  [
    '- { name: a, expect: { request: { headers: {} } } }',
    ['1:44: [0].expect.request.headers is empty: it expects nothing. Name headers'],
  ],
  [
    '- { name: a, expect: { response: { headers: { b: [ c, { d: e } ] } } } }',
    ['1:55: [0].expect.response.headers.b[1] is not an exact text. Write a list of texts'],
  ],
  [
    "- { name: a, expect: { response: { headers: { b: [ '*', /c/ ] } } } }",
    [
      '1:53: [0].expect.response.headers.b[0] is not an exact text.',
      '1:57: [0].expect.response.headers.b[1] is not an exact text.',
    ],
  ],
  [
    '- { name: a, expect: { response: { headers: { b: [] } } } }',
    ['1:50: [0].expect.response.headers.b is not a text.'],
  ],
  ['- { name: a, expect: { log: [] } }', ['1:29: [0].expect.log is an empty list. Write lines']],
  ['- { name: a, expect: { calls: [] } }', ['1:31: [0].expect.calls is an empty list. Write a list of calls']],
  ['- { name: a, expect: { metrics: { a: x } } }', ['1:38: [0].expect.metrics.a is "x". Write whole numbers']],
  [
    '- { name: a, expect: { status: 200 } }',
    ['1:24: [0].expect has the unknown key "status". It belongs to "response".'],
  ],
  [
    '- { name: a, expect: { start: refused, response: { status: 200 } } }',
    [
      '1:50: [0].expect.response is given, but "start: refused" expects that the filter never runs. Leave it out; "log"',
    ],
  ],
  [
    '- { name: a, request: { path: / }, expect: { start: refused } }',
    ['1:23: [0].request is given, but "start: refused" expects that the filter never runs. Leave it out.'],
  ],
  [
    `- { name: a, headers: { a: b }, ${PASSES} }`,
    ['1:14: [0] has the unknown key "headers". It belongs to "request", "upstream" or "expect".'],
  ],
  [`- { name: a, <<: { b: c }, ${PASSES} }`, ['1:14: [0] has the unknown key "<<". Merge keys are not read']],
  [
    `- { name: a, request: { host: b }, ${PASSES} }`,
    ['1:25: [0].request has the unknown key "host". Write "authority".'],
  ],
  [
    `- { name: a, request: { path: orders }, ${PASSES} }`,
    ['1:31: [0].request.path is "orders". A path starts with "/"'],
  ],
  [
    `- { name: a, request: { headers: { ':path': / } }, ${PASSES} }`,
    ['1:37: [0].request.headers has the header ":path". Write the key "path" beside "headers" instead.'],
  ],
  [
    `- { name: a, request: { headers: { 'b c': d } }, ${PASSES} }`,
    ['1:37: [0].request.headers has "b c", which cannot name a header.'],
  ],
  [
    `- { name: a, request: { headers: { b: c, B: d } }, ${PASSES} }`,
    ['1:42: [0].request.headers has the header "B" twice.'],
  ],
  [
    `- { name: a, request: { headers: { b: null } }, ${PASSES} }`,
    ['1:39: [0].request.headers.b is not the value of a header.'],
  ],
  [
    `- { name: a, request: { body: a, chunks: [ b ] }, ${PASSES} }`,
    ['1:42: [0].request.chunks is given beside "body". Write the body in one of the two ways.'],
  ],
  [
    `- { name: a, request: { body-base64: '!' }, ${PASSES} }`,
    ['1:39: [0].request.body-base64 is not base64. Write the bytes in base64'],
  ],
  [
    `- { name: a, upstream: { status: 100 }, ${PASSES} }`,
    ['1:34: [0].upstream.status is 100. Write a whole number from 200 to 599.'],
  ],
  [`- { name: a, repeat: 0, ${PASSES} }`, ['1:22: [0].repeat is 0. Write a whole number from 1 to 1000.']],
  [`- { name: a, ticks: 1001, ${PASSES} }`, ['1:21: [0].ticks is 1001. Write a whole number from 0 to 1000.']],
  [`- { name: a, direction: up, ${PASSES} }`, ['1:25: [0].direction has the unknown value "up". Use inbound']],
  [`- { name: a, environment: { A: [] }, ${PASSES} }`, ['1:27: [0].environment has no value for "A".']],
  [`- { name: a, properties: { b: 1.5 }, ${PASSES} }`, ['1:31: [0].properties.b is 1.5. A property is a text']],
  [
    `- { name: a, calls: [ { cluster: b } ], ${PASSES} }`,
    ['1:23: [0].calls[0] has no "answer". Write what the call gets'],
  ],
  [
    `- { name: a, calls: [ { answer: { status: 200, failure: timeout } } ], ${PASSES} }`,
    ['1:57: [0].calls[0].answer.failure is given beside "status". An answer is of HTTP, of gRPC, or a failure.'],
  ],
  [
    '- { name: a, request: null, expect: { log: b } }',
    ['1:23: [0].request is null, and there are no "ticks": nothing would happen.'],
  ],
  [
    `- { name: a, request: null, ticks: 1, ${PASSES} }`,
    ['1:59: [0].expect.response is expected, but "request: null" sends no request.'],
  ],
  [
    '- { name: a, sequence: [ { request: { path: / } } ] }',
    ['1:24: [0].sequence expects nothing, so this last step could never fail.'],
  ],
  [
    `- { name: a, repeat: 2, sequence: [ { ${PASSES} } ] }`,
    ['1:22: [0].repeat is given beside "sequence". It belongs to a step of "sequence".'],
  ],
  [
    '- { name: a, sequence: [ { expect: { start: refused } } ] }',
    ['1:45: [0].sequence[0].expect.start is expected in a step.'],
  ],
  [
    '- { name: a, expect: { response: { from: client } } }',
    ['1:42: [0].expect.response.from has the unknown value "client". Use filter or workload.'],
  ],
  [
    "- { name: a, expect: { response: { body: '/(a)\\1/' } } }",
    [
      '1:43: [0].expect.response.body is the expression "/(a)\\\\1/" with a backreference, such as \\1, which cannot be matched in linear time.',
    ],
  ],
  [
    "- { name: a, expect: { response: { body: '/(?=a)/' } } }",
    [
      '1:43: [0].expect.response.body is the expression "/(?=a)/" with a lookaround, such as (?=…), which cannot be matched in linear time.',
    ],
  ],
  [
    "- { name: a, expect: { response: { body: '/(a/' } } }",
    ['1:43: [0].expect.response.body is "/(a/", which is not a valid regular expression.'],
  ],
  ['- { name: a, expect: { response: { body: [ b ] } } }', ['1:42: [0].expect.response.body is not a text.']],
  // What every object of JavaScript has is a name as any other.
  [
    `- { name: a, constructor: 1, toString: 2, __proto__: 3, ${PASSES} }`,
    [
      '1:14: [0] has the unknown key "constructor". ',
      '1:30: [0] has the unknown key "toString". ',
      '1:43: [0] has the unknown key "__proto__". ',
    ],
  ],
  ['- { name: a, expect: { response: { status: null } } }', ['1:44: [0].expect.response.status is not a text.']],
];

describe('a mistake is told with its line and column', () => {
  test.each(MISTAKES)('%s', (text, expected) => {
    const found = wrongIn(text);
    expect(found).toEqual(expected.map((start) => expect.stringContaining(start)));
    for (const [index, start] of expected.entries()) expect(found[index]?.startsWith(start)).toBe(true);
  });

  test('all of them at once', () => {
    expect(wrongIn(`- { name: a }\n- { name: b, repeat: 0, ${PASSES} }\n`)).toHaveLength(2);
  });

  test('in the input of the workflow, too', () => {
    const read = parseTests('- { name: a }', { kind: 'input' });
    expect(read.ok ? [] : read.problems).toEqual([
      expect.objectContaining({ subject: 'input "tests", line 1, column 3: [0]' }),
    ]);
    expect(read.ok ? [] : read.problems[0]).not.toHaveProperty('at');
  });
});

describe('what is too much is refused', () => {
  test.each([
    ['tests', `${`- { name: a, ${PASSES} }\n`.repeat(1_001)}`, '1:1 has 1001 tests; at most 1000 are run.'],
    ['steps', `- { name: a, sequence: [ ${`{ ${PASSES} }, `.repeat(101)} ] }`, 'has 101 items; at most 100 are read.'],
    [
      'headers',
      `- { name: a, request: { headers: { ${Array.from({ length: 201 }, (_, index) => `h${index}: a`)} } }, ${PASSES} }`,
      'has 201 headers; at most 200 are read.',
    ],
    [
      'an expression',
      `- { name: a, expect: { response: { body: '/${'a'.repeat(1_001)}/' } } }`,
      'is an expression of 1001 characters; at most 1000 are read.',
    ],
    [
      'aliases of aliases',
      `- &a { name: a, ${PASSES} }\n- &b [ ${'*a, '.repeat(500)} ]\n- &c [ ${'*b, '.repeat(500)} ]\n- [ ${'*c, '.repeat(500)} ]\n`,
      'has more than',
    ],
  ])('%s', (_, text, expected) => {
    expect(wrongIn(text).join('\n')).toContain(expected);
  });
});
