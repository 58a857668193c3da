import { MAX_REPEAT, MAX_STEPS, MAX_TESTS, MAX_TICKS } from '../src/action/tests-file/limits.ts';
import { test } from '../src/action/tests-file/test.ts';
import { table } from './docs/markdown.ts';
import type { Schema } from './manifest-schema.ts';

/** A file of tests that shows every kind of value; a test reads it. */
export const TESTS_EXAMPLE = `# yaml-language-server: $schema=https://raw.githubusercontent.com/deploy-wasm-filter/deploy-wasm-filter/v0/schema/tests.schema.json
- name: adds the header
  request: { method: GET, path: /orders?id=1, headers: { x-user: tester } }
  upstream: { status: 200, headers: { content-type: text/plain }, body: ok }
  expect:
    request: { headers: { x-added: '1', x-old: null } }   # what reaches the workload; null: must not be there
    response: { status: 200, headers: { x-shop: open, date: '*' }, body: '/^ok/' }
    log: [ 'info: *orders*' ]
    metrics: { shop_orders: 1 }
- name: asks who the user is
  calls:
    - { cluster: auth, path: /check, answer: { status: 200, body: '{"ok":true}' } }
  properties: { xds.cluster_name: shop }
  expect:
    calls: [ { cluster: auth, path: /check } ]
    response: { status: 200, from: workload }
- name: goes on when nobody answers
  calls:
    - { cluster: auth, answer: { failure: timeout } }
  expect:
    response: { status: 503, from: filter }
- name: refuses a bad configuration
  configuration: '{'
  expect: { start: refused }
- name: closes after the third
  repeat: 3
  ticks: 2
  expect: { response: { status: 429 } }
- name: keeps what it has seen
  sequence:
    - request: { path: /first, body: abc }
    - request: { path: /second, chunks: [ a, bc ], trailers: { x-end: '1' } }
      expect: { response: { headers: { x-count: '2' } } }
`;

const code = (text: string): string => `\`${text}\``;

/** The mapping behind a key: itself, or the one of its forms that is one. */
function mappingOf(schema: Schema): Schema {
  const forms = (schema.anyOf ?? []) as readonly Schema[];
  const items = schema.items as Schema | undefined;
  return forms.find(({ type }) => type === 'object') ?? items ?? schema;
}

function within(...path: readonly string[]): Schema {
  return path.reduce<Schema>((schema, key) => {
    const properties = mappingOf(schema).properties as Readonly<Record<string, Schema>>;
    return properties[key] ?? {};
  }, test.schema);
}

function keysOf(...path: readonly string[]): string {
  const properties = mappingOf(path.length === 0 ? test.schema : within(...path)).properties as Readonly<
    Record<string, Schema>
  >;
  return table(
    ['key', 'meaning'],
    Object.entries(properties).map(([key, { description = '' }]) => [code(key), description]),
  );
}

/** Makes the reference of a filter's tests, of the forms that read them. */
export function testsReference(): string {
  return `# Tests of a filter

Does a filter do what it should? Tests say requests and what must come of them, and run on the runner: without a mesh, without a cluster,
without a build of Envoy. The module is run as it is delivered, in V8, the engine that Envoy uses, with its settings, once for each
kind of Envoy among the versions. \`command: check\` runs them for the versions of the input \`proxies\`; \`deploy\` and \`plan\` run them before the first
write, for the proxies that they find, if a new revision is to be written. A test that does not pass fails the run as a failed [check](checks.md) does. The
keys below are made of the code that reads them; a test holds this page to it.

\`\`\`yaml
# on pull_request; permissions: { contents: read }
- uses: deploy-wasm-filter/deploy-wasm-filter@v0
  with:
    command: check
    filter: build/filter.wasm
    tests-file: tests/*.yaml         # or tests: | and the list itself
    proxies: 1.28, 1.31              # Istio's versions, or envoy/1.36.2; default: all known versions
    junit-file: junit.xml
\`\`\`

A file of tests is a list:

\`\`\`yaml
${TESTS_EXAMPLE}\`\`\`

In a [manifest](manifest.md), \`tests\` is such a list and \`tests-file\` a path, a pattern, or a list of them, from the folder of the
manifest. With \`check: off\` no test runs, and a warning says so.

A filter over 1 MiB, such as one that Go has compiled, is checked as it would be delivered, by image: give \`push-to\` and a \`configuration\` that is a
JSON object, as in [build-go.yml](../examples/workflows/build-go.yml). \`check\` pushes nothing.

## Keys of a test

${keysOf()}

A test without \`expect\` is an error: it could never fail. So is a key that nothing reads, with its line and the key that was probably meant.
A filter has at most ${MAX_TESTS} tests with ${MAX_STEPS} steps each; \`repeat\` goes up to ${MAX_REPEAT}, \`ticks\` to ${MAX_TICKS}.

Ticks come to a filter that has asked for them, each with the clock moved on by the period that it has asked for. The clock is
the test's own, so a test says the same in every run.

Each test has a VM of its own, which starts as Envoy starts the filter. The steps of a \`sequence\` share it: shared data, queues, metrics and
the clock go on. The last step needs an \`expect\`; \`upstream\` and \`calls\` of the test are for all of its steps.

## request

${keysOf('request')}

## upstream

${keysOf('upstream')}

## expect

${keysOf('expect')}

What is not named may be anything. A text is expected exactly, with three exceptions: \`null\` must not be there, \`'*'\` is any value, and
\`/expression/\` is a regular expression of JavaScript, in which \`.\` is any character. Expressions are matched in linear time, so that none can
hang the job: backreferences (\`\\1\`) and lookaround (\`(?=…)\`) are refused. In lines of \`log\`, \`*\` stands for any text.

The values of a header that comes several times are one text, with \`, \` between them, as in HTTP: \`[a=1, b=2]\` is short for \`'a=1, b=2'\`, and
\`/b=2/\` looks into all of them. Names of headers may be written in any case. \`log\` is a line or a list of them.

Of \`expect: request\`:

${keysOf('expect', 'request')}

Of \`expect: response\`:

${keysOf('expect', 'response')}

Of an entry of \`expect: calls\`:

${keysOf('expect', 'calls')}

## calls

The filter's own HTTP and gRPC calls never leave the runner. The first entry whose \`cluster\` and \`path\` fit answers:

${keysOf('calls')}

Of \`answer\`, which is of HTTP, of gRPC, or a failure:

${keysOf('calls', 'answer')}

Answers come after the callback in which the filter calls, as in Envoy, and streams that the filter holds back go on when it says so. A cluster that
is unreachable answers an HTTP call with 503, one that does not answer in time with 504 once the time of the call is over, which the clock
is moved on by; a gRPC call ends with status 14. A call that no entry answers makes the test inconclusive.

## Inconclusive

What the host of the tests cannot answer makes a test inconclusive, with the name of it: a foreign function, a property that it does not
know, a call that no entry of \`calls\` answers. It never passes then, and fails the run: a guess could be wrong. Properties can be given
(\`properties\`), and answers (\`calls\`); what is left can only be seen in a real proxy. What has come, and is not as expected, is a failure all the same.

A filter that traps, spins or takes all memory is stopped; that is a failure of the test, too. Once 20 tests of a filter had to be ended, the
rest is not run, and is inconclusive. So is a line of the log that is missed if the filter logs more than a test keeps: 2000 lines, and 1000
characters of each.

## When the test and you do not agree

Filters meet the same surprises here as in Envoy. A difference says why nothing came, and the calls of the host in the summary have the
status that the filter got, with its meaning.

| what you see | why |
| --- | --- |
| \`nothing: the filter holds the request back at its headers\` | It has returned Pause and nobody has let the request go on. While headers wait, Envoy does not show the filter a body, unless [\`allow-on-headers-stop-iteration\`](inputs.md#filter-settings) is set. |
| \`nothing: the filter has answered after the headers of the response had gone\` | It has answered in the callback of the response's body. The client already has the status, so Envoy can only break off. Replace the body instead. |
| \`proxy_get_header_map_value 2 (bad argument)\`, and a Rust filter panics with \`unexpected status: 2\` | Headers can be read and changed until they go on. Read what the body's callback needs in the one of the headers, and keep it. |
| A body's size grows with each callback | While the filter pauses, Envoy collects: the size is that of all pieces so far. |
| No callback for trailers | It comes only where there are some: give \`trailers\` in the request or \`upstream\`. Where there are none, a filter can add some in the last callback of the body. |
| \`nothing: the header content-length says 5, and the body has 8 bytes\`, and the client gets a 503 | The filter has changed a body and left the header, which nobody corrects. Take it out in the callback of the headers. A body in one piece has that header here, as from most clients; one in \`chunks\` has not. |
| \`***\` in place of a value | Values of headers such as \`authorization\` or \`set-cookie\`, and of keys such as \`password\`, are taken for secrets, also those that a test makes up. The test itself compares what was there. |

## Results

The summary has a row for each test and a column for versions for which all say the same; below, each test that did not pass has what was
expected and got as a difference, the filter's log, and its last calls of the host. Tests that fail are marked at their lines in the diff of a pull request. The
output [\`tests\`](outputs.md) counts them, and the [report file](outputs.md#report-file) has all of it, up to some megabytes of logs. Secrets that are
known are taken out as everywhere, those of the tests too.

### JUnit

\`junit-file\` is XML in the form of JUnit, with a suite for each filter and version, for test reporters. Failed tests are failures, stopped and
inconclusive ones errors. It is written if the run fails, too; a run that failed before its tests has one case with an error that lists its problems. The time of a test is its share of the time of all tests
of that filter for that kind of Envoy; versions of one kind, which run once, have the same.

## Agreement

The same shapes of tests, over all example filters, run in real Envoys as well, and both must say the same: [Agreement](agreement.md).
`;
}
