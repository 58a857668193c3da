import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { describeProblem, type Result } from '../../../src/base/problem.ts';
import { kindNames } from '../../../src/deploy/kinds/kinds.ts';
import { parseTargets, readTargetList } from '../../../src/targets/parse.ts';
import { namespacesOf, type TargetEntry } from '../../../src/targets/target.ts';
import { messagesIn, must, problemsIn } from '../builders.ts';

const parse = (text: string): Result<readonly TargetEntry[]> =>
  parseTargets(readTargetList('targets', text), { defaultNamespace: 'shop', kinds: kindNames() });
const only = (text: string): TargetEntry => {
  const entries = must(parse(text));
  expect(entries).toHaveLength(1);
  return entries[0] as TargetEntry;
};
const reviews = { kind: 'Deployment', namespace: 'shop', name: 'reviews' };
const WEB = { text: 'app=web' };
const KINDS = ['Deployment', 'StatefulSet', 'DaemonSet'];
const listed = (...names: readonly string[]): object => ({ type: 'listed', names });
const chosen = (...patterns: readonly string[]): object => ({ type: 'chosen', by: { patterns } });

describe('an entry that names a workload', () => {
  test.each<[string, object]>([
    ['- deployment/reviews', reviews],
    ['- Deployment/reviews', reviews],
    ['- deploy/reviews', reviews],
    ['- deployments.apps/reviews', reviews],
    ['- " deployment/reviews "', reviews],
    ['- test/deployment/reviews', { ...reviews, namespace: 'test' }],
    ['- sts/db', { kind: 'StatefulSet', namespace: 'shop', name: 'db' }],
    ['- ds/reviews.v1', { kind: 'DaemonSet', namespace: 'shop', name: 'reviews.v1' }],
    ['- {kind: deployment, name: reviews}', reviews],
    ['- kind: Deployment\n  name: reviews\n  namespace: test', { ...reviews, namespace: 'test' }],
    ['- {kind: deployment, name: 404}', { ...reviews, name: '404' }],
    ['- {kind: deployment, name: true, namespace: 1}', { ...reviews, name: 'true', namespace: '1' }],
    ['[deployment/reviews]', reviews],
    ['["deployment/reviews"]', reviews],
    ['deployment/reviews', reviews],
  ])('%s', (text, workload) => {
    expect(only(text)).toEqual({ type: 'named', origin: 'targets, entry 1', override: {}, wave: 1, workload });
  });

  test.each([
    'deployment/a\ndeployment/b',
    '\n  deployment/a\n\n  deployment/b\n',
    'deployment/a, deployment/b',
    'deployment/a deployment/b # both\n',
    '# both\n- deployment/a\n- deployment/b\n',
  ])('several of them: %j', (text) => {
    const entries = must(parse(text));
    expect(entries.map((entry) => entry.type === 'named' && entry.workload.name)).toEqual(['a', 'b']);
    expect(entries.map(({ origin }) => origin)).toEqual(['targets, entry 1', 'targets, entry 2']);
  });

  test.each<[string, RegExp]>([
    ['- reviews', /"reviews" names no target\. An entry is/],
    ['- a/b/deployment/reviews', /names no target/],
    ['- pod/reviews', /unknown kind "pod"\. Known kinds are Deployment, StatefulSet, DaemonSet, Rollout and Gateway\./],
    ['- constructor/reviews', /unknown kind "constructor"/],
    ['- /reviews', /has no kind/],
    ['- deployment/', /has no name/],
    ['- /deployment/reviews', /has no namespace/],
    ['- {name: reviews}', /has no kind/],
    ['- {kind: deployment}', /has no name/],
    ['- {kind: [deployment], name: reviews}', /unknown kind \["deployment"\]/],
    ['- {kind: deployment, name: [reviews]}', /has no name/],
    ['- deployment/Reviews', /the name "Reviews", which Kubernetes does not allow/],
    ['- deployment/-reviews', /the name "-reviews"/],
    ['- deployment/reviews_v1', /the name "reviews_v1"/],
    ['- deployment/a..b', /the name "a\.\.b"/],
    [`- deployment/${'a'.repeat(254)}`, /the name "a{59}…"/],
    ['- a.b/deployment/reviews', /the namespace "a\.b"/],
    [`- ${'n'.repeat(64)}/deployment/reviews`, /the namespace "n{59}…"/],
    ['- {kind: deployment, nmae: reviews}', /unknown key "nmae"\. Did you mean "name"\?/],
    ['- {kind: deployment, name: a, namspace: b}', /unknown key "namspace"\. Did you mean "namespace"\?/],
    ['- {kind: deployment, name: a, xyzzyx: b}', /unknown key "xyzzyx"\. Known keys are kind, name, namespace/],
    ['- {selektor: tier=api}', /unknown key "selektor"\. Did you mean "selector"\? Known keys are .*exclude/],
    ['- {knid: deployment, nmae: reviews}', /unknown key "knid"\. Did you mean "kind"\?/],
    ['- 5', /is 5, which names no target/],
    ['- null', /is null, which names no target/],
    ['- [deployment/reviews]', /is \["deployment\/reviews"\], which names no target/],
  ])('%s is refused', (text, message) => {
    expect(messagesIn(parse(text))).toContainEqual(expect.stringMatching(message));
    expect(problemsIn(parse(text))[0]).toMatchObject({ kind: 'targets', subject: 'targets, entry 1' });
  });

  test('names as long as Kubernetes allows', () => {
    const [namespace, name] = ['n'.repeat(63), 'a'.repeat(253)];
    expect(only(`- ${namespace}/deploy/${name}`)).toMatchObject({ workload: { namespace, name } });
  });
});

describe('an entry that selects workloads', () => {
  test.each<[string, object]>([
    ['- {selector: app=web}', { namespaces: listed('shop'), kinds: KINDS }],
    ['- {selector: app=web, namespace: test}', { namespaces: listed('test'), kinds: KINDS }],
    ['- {selector: app=web, namespaces: test}', { namespaces: listed('test'), kinds: KINDS }],
    ['- {selector: app=web, namespaces: [b, a, b]}', { namespaces: listed('b', 'a'), kinds: KINDS }],
    ['- {selector: app=web, kinds: sts}', { namespaces: listed('shop'), kinds: ['StatefulSet'] }],
    ['- {selector: app=web, kinds: [ds, daemonset, deploy]}', { kinds: ['DaemonSet', 'Deployment'] }],
    ['- selector: {app: web}\n  kinds: [deploy]', { kinds: ['Deployment'] }],
  ])('%s', (text, expected) => {
    const entry = only(text);
    expect(entry).toMatchObject({ type: 'selected', origin: 'targets, entry 1', override: {}, wave: 1, ...expected });
    expect(entry).toMatchObject({ selector: { text: 'app=web' } });
  });

  test.each<[string, RegExp]>([
    ['- {namespaces: [a]}', /has neither "selector" nor "name"\. Add labels/],
    ['- {kinds: [deploy], selector: ""}', /selector must be a label selector/],
    ['- {selector: "app in x"}', /"app in x" is not a label requirement/],
    ['- {selector: app=web, namespaces: []}', /empty list "namespaces"/],
    ['- {selector: app=web, kinds: []}', /empty list "kinds"/],
    ['- {selector: app=web, namespace: a, namespaces: [b]}', /both "namespace" and "namespaces"/],
    ['- {selector: app=web, namespaces: [a, B]}', /the namespace "B"/],
    ['- {selector: app=web, kinds: [pod]}', /unknown kind "pod"/],
    ['- {selector: app=web, kind: deploy, kinds: sts}', /both "kind" and "kinds"\. Keep one/],
    ['- {selector: app=web, name: A}', /the name "A"/],
    ['- {selector: app=web, nmae: a}', /unknown key "nmae"\. Did you mean "name"\?/],
  ])('%s is refused', (text, message) => {
    expect(messagesIn(parse(text))).toContainEqual(expect.stringMatching(message));
  });
});

describe('an entry with a "*"', () => {
  test.each<[string, object]>([
    ['- deployment/front-*', { kinds: ['Deployment'], namespaces: listed('shop'), name: 'front-*' }],
    ['- test/sts/*', { kinds: ['StatefulSet'], namespaces: listed('test'), name: '*' }],
    ['- shop/*/front-*', { kinds: KINDS, namespaces: listed('shop'), name: 'front-*' }],
    ['- "*/front"', { kinds: KINDS, namespaces: listed('shop'), name: 'front' }],
    ['- team-*/deploy/front', { kinds: ['Deployment'], namespaces: chosen('team-*'), name: 'front' }],
    ['- "*/deploy/*.v1"', { kinds: ['Deployment'], namespaces: chosen('*'), name: '*.v1' }],
    ['- gateway/*', { kinds: ['Gateway'], namespaces: listed('shop'), name: '*' }],
    ['deployment/front-*', { kinds: ['Deployment'], name: 'front-*' }],
    ['- {kind: deploy, name: front-*, namespace: test}', { namespaces: listed('test'), name: 'front-*' }],
    ['- {name: "*", namespaces: [a, team-*, a]}', { kinds: KINDS, namespaces: chosen('a', 'team-*'), name: '*' }],
    ['- {selector: app=web, kinds: ["*"], name: f*}', { kinds: KINDS, name: 'f*', selector: WEB }],
    ['- {name: front, namespaces: [a, b]}', { kinds: KINDS, namespaces: listed('a', 'b'), name: 'front' }],
  ])('%s', (text, expected) => {
    expect(only(text)).toMatchObject({ type: 'selected', exclude: [], ...expected });
  });

  test.each<[string, RegExp]>([
    ['- deployment/Front-*', /the name "Front-\*", which Kubernetes does not allow\. .*"\*" stands for any of them/],
    ['- deployment/-*', /the name "-\*"/],
    ['- deployment/fr?nt-*', /the name "fr\?nt-\*"/],
    ['- a.*/deployment/x', /the namespace "a\.\*"/],
    ['- depl*/front', /unknown kind "depl\*"/],
    ['- */deployment/front', /not valid YAML: .*Put text that begins with "\*" between quotes\./],
  ])('%s is refused', (text, message) => {
    expect(messagesIn(parse(text))).toContainEqual(expect.stringMatching(message));
  });
});

describe('namespaces by their labels', () => {
  test.each<[string, string]>([
    ['- {namespace-selector: team=shop, name: "*"}', 'team=shop'],
    ['- {namespace-selector: "team in (a, b),!old", selector: app=web}', 'team in (a, b),!old'],
    [
      '- {namespace-selector: {team: shop, istio-injection: enabled}, selector: app=web}',
      'team=shop,istio-injection=enabled',
    ],
  ])('%s', (text, selector) => {
    const entry = only(text);
    expect(entry).toMatchObject({ type: 'selected', namespaces: { type: 'chosen', by: { text: selector } } });
    expect(namespacesOf(entry)).toEqual([]);
  });

  test.each<[string, RegExp]>([
    ['- {namespace-selector: team=shop}', /has neither "selector" nor "name"/],
    ['- {namespace-selector: "", name: "*"}', /^namespace-selector must be a label selector/],
    ['- {namespace-selector: a b, name: "*"}', /^namespace-selector: "a b" is not a label requirement/],
    ['- {namespace-selector: {a: [b]}, name: "*"}', /^namespace-selector: the label "a" needs a single value/],
    ['- {namespace-selector: a, namespace: b, name: "*"}', /has both "namespace" and "namespace-selector"/],
    [
      '- {namespace-selector: a, namespace: b, namespaces: [c], name: "*"}',
      /"namespace", "namespaces" and "namespace-selector"\. Keep one/,
    ],
    [
      '- {namespaces-selector: a, name: "*", kinds: sts}',
      /unknown key "namespaces-selector"\. Did you mean "namespace-selector"\?/,
    ],
  ])('%s is refused', (text, message) => {
    expect(messagesIn(parse(text))).toContainEqual(expect.stringMatching(message));
  });
});

describe('what an entry excludes', () => {
  test.each<[string, object[]]>([
    ['legacy', [{ text: '"legacy"', name: 'legacy' }]],
    [
      '[legacy, deploy/old-*]',
      [
        { text: '"legacy"', name: 'legacy' },
        { text: '"deploy/old-*"', kind: 'Deployment', name: 'old-*' },
      ],
    ],
    [
      '["*/old", "test/*/*"]',
      [
        { text: '"*/old"', name: 'old' },
        { text: '"test/*/*"', namespace: 'test' },
      ],
    ],
    ['[team-*/sts/db]', [{ text: '"team-*/sts/db"', namespace: 'team-*', kind: 'StatefulSet', name: 'db' }]],
    ['{kind: sts}', [{ text: '{"kind":"sts"}', kind: 'StatefulSet' }]],
    ['[{namespace: test, name: 404}]', [{ text: '{"namespace":"test","name":404}', namespace: 'test', name: '404' }]],
  ])('%s', (exclude, expected) => {
    expect(only(`- {selector: app=web, exclude: ${exclude}}`)).toMatchObject({ exclude: expected });
    expect(only(`- {kind: deploy, name: f*, exclude: ${exclude}}`)).toMatchObject({ exclude: expected });
  });

  test.each<[string, RegExp]>([
    ['[]', /has an empty list "exclude"/],
    ['[shop/legacy]', /unknown kind "shop"/],
    ['[a/b/deploy/c]', /has "a\/b\/deploy\/c", which names no workload\. An exclusion is "name", "kind\/name"/],
    ['[""]', /has "", which names no workload/],
    ['[{}]', /has \{\}, which names no workload/],
    ['[5]', /has 5, which names no workload/],
    ['[deploy/]', /has no name/],
    ['[Legacy]', /the name "Legacy"/],
    ['[{nmae: a}]', /unknown key "nmae"\. Did you mean "name"\?/],
  ])('%s is refused', (exclude, message) => {
    const parsed = parse(`- {selector: app=web, exclude: ${exclude}}`);
    expect(messagesIn(parsed)).toEqual([expect.stringMatching(message)]);
    expect(problemsIn(parsed)[0]?.subject).toMatch(/^targets, entry 1/);
  });

  test('every problem of the exclusions is told at once', () => {
    expect(messagesIn(parse('- {selector: app=web, exclude: [pod/a, B], port: 0}'))).toHaveLength(3);
  });
});

describe('settings of its own', () => {
  test.each<[string, object]>([
    ['configuration: abc', { configuration: 'abc' }],
    ['configuration: ""', { configuration: '' }],
    ['configuration: {a: [1, true]}', { configuration: '{"a":[1,true]}' }],
    ['configuration: 5', { configuration: '5' }],
    ['configuration: null', {}],
    ['direction: outbound', { direction: 'outbound' }],
    ['port: 8080', { port: 8080 }],
    ['port: "8080"', { port: 8080 }],
    ['direction: any, port: 1', { direction: 'any', port: 1 }],
    ['insert: first', { insert: { place: 'first' } }],
    ['insert: before router', { insert: { place: 'before', filter: 'envoy.filters.http.router' } }],
  ])('%s', (text, override) => {
    expect(only(`- {kind: deploy, name: a, ${text}}`).override).toEqual(override);
    expect(only(`- {selector: app=web, ${text}}`).override).toEqual(override);
  });

  test('a configuration over several lines keeps every byte', () => {
    expect(only('- kind: deploy\n  name: a\n  configuration: |2+\n       {\n      }\n\n').override).toEqual({
      configuration: '   {\n  }\n\n',
    });
  });

  test.each<[string, RegExp]>([
    ['direction: all', /unknown direction "all"\. Use inbound, outbound, any or gateway\./],
    ['direction: inbund', /unknown direction "inbund"\. Did you mean inbound\? Use inbound,/],
    ['direction: null', /unknown direction null/],
    ['port: 0', /an invalid port: 0\. A port is a whole number from 1 to 65535\./],
    ['port: 65536', /an invalid port: 65536/],
    ['port: 80.5', /an invalid port: 80\.5/],
    ['port: http', /an invalid port: "http"/],
    ['port: [80]', /an invalid port: \[80\]/],
    ['insert: last', /has the unknown place "last"\. Write "first", "before NAME" or "after NAME"/],
    ['insert: null', /has the unknown place null/],
    ['configurtion: x', /unknown key "configurtion"\. Did you mean "configuration"\?/],
  ])('%s is refused', (text, message) => {
    expect(messagesIn(parse(`- {kind: deploy, name: a, ${text}}`))).toEqual([expect.stringMatching(message)]);
  });
});

describe('a wave', () => {
  test.each<[string, number]>([
    ['wave: 1', 1],
    ['wave: "2"', 2],
    ['wave: 100, port: 80', 100],
  ])('%s', (text, wave) => {
    expect(only(`- {kind: deploy, name: a, ${text}}`)).toMatchObject({ type: 'named', wave });
    expect(only(`- {selector: app=web, ${text}}`)).toMatchObject({ type: 'selected', wave });
  });

  test('is no setting', () => {
    expect(only('- {kind: deploy, name: a, wave: 2}').override).toEqual({});
  });

  test.each(['0', '101', '1.5', '-1', 'first', '""', '[1]', 'null', 'true'])('%s is refused', (wave) => {
    for (const entry of ['kind: deploy, name: a', 'selector: app=web']) {
      expect(messagesIn(parse(`- {${entry}, wave: ${wave}}`))).toEqual([
        expect.stringMatching(
          /^has an invalid wave: .+\. A wave is a whole number from 1 to 100; lower ones go first\.$/,
        ),
      ]);
    }
  });
});

describe('a text that is no target list', () => {
  test.each<[string, RegExp]>([
    ['- [deployment/a', /not valid YAML: .+ in line 1, column \d+\./],
    ['- deployment/a\n- {kind: deploy, kind: sts}', /not valid YAML: duplicated mapping key in line 2, column 18\./],
    ['- &a [*a]', /an anchor \(&\) with an alias \(\*\) of itself/],
    ['- {kind: deploy, name: a, configuration: &a {b: *a}}', /an anchor \(&\) with an alias/],
    ['- a\n- *x', /not valid YAML: .+ in line 2, column 4\./],
    ['', /^is empty\. An entry is/],
    ['# nothing but this', /^is empty\./],
    [`# ${'#'.repeat(200)}\n\n - [deployment/a`, /not valid YAML/],
    ['[]', /is an empty list; it names no workload\. An entry is/],
    ['", ,"', /is an empty list/],
    ['~', /must be a YAML list of targets/],
    ['5', /must be a YAML list of targets/],
    ['kind: deployment\nname: a', /must be a YAML list of targets/],
    ['- deployment/a\n---\n- deployment/b', /not valid YAML/],
  ])('%j', (text, message) => {
    expect(messagesIn(parse(text))).toEqual([expect.stringMatching(message)]);
    expect(problemsIn(parse(text))[0]).toMatchObject({ kind: 'targets', subject: 'targets' });
  });
});

describe('a file that is no list is not quoted', () => {
  test.each<[string, RegExp]>([
    [
      'q7Zt8HnpLk9XvBw0dYcWmEaR7fUoPjGsTi5Nb',
      /^is text of 37 characters that names no target; it must be a YAML list\./,
    ],
    ['A_NAME=q7Zt8Hnp/Lk9XvBw\nOTHER=q7Zt8Hnp', /^is text of 38 characters that names no target/],
    ['password: q7Zt8Hnp', /^must be a YAML list of targets\./],
    ['*q7Zt8HnpLk9XvBw', /^is not valid YAML: unidentified alias in line 1\./],
    ['!q7Zt8HnpLk9XvBw x', /^is not valid YAML: .* in line 1\./],
  ])('%j', (text, message) => {
    const parsed = parseTargets(readTargetList('targets-file "t"', text, 'file'), {
      defaultNamespace: 'shop',
      kinds: kindNames(),
    });
    expect(messagesIn(parsed)).toEqual([expect.stringMatching(message)]);
    expect(messagesIn(parsed).join()).not.toContain('q7Zt8Hnp');
  });

  test('but lines of targets are one, and a mistyped one is quoted', () => {
    const parsed = parseTargets(readTargetList('targets-file "t"', 'deployment/a\nreviews', 'file'), {
      defaultNamespace: 'shop',
      kinds: kindNames(),
    });
    expect(messagesIn(parsed)).toEqual([expect.stringMatching(/^"reviews" names no target/)]);
  });
});

test('every problem of the list is told at once, each with the number of its entry', () => {
  const text = '- pod/A\n- deployment/good\n- {kind: deploy, name: x, port: 0, direction: up}';
  expect(problemsIn(parse(text)).map(describeProblem)).toEqual([
    expect.stringMatching(/^targets, entry 1 has the unknown kind/),
    expect.stringMatching(/^targets, entry 1 has the name "A"/),
    expect.stringMatching(/^targets, entry 3 has the unknown direction/),
    expect.stringMatching(/^targets, entry 3 has an invalid port: 0/),
  ]);
});

test('no text makes it throw, and what it accepts are workloads that Kubernetes can name', () => {
  const word = fc.constantFrom(
    'deploy',
    '/',
    'a',
    'B',
    '-',
    ' ',
    '\n',
    '{',
    '}',
    '[',
    ']',
    ':',
    ', ',
    '"',
    '*',
    '#',
    '0',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(word).map((words) => words.join('')),
      ),
      (text) => {
        const parsed = parse(text);
        for (const entry of parsed.ok ? parsed.value : []) {
          if (entry.type !== 'named') {
            expect(entry.name ?? 'a').toMatch(/^[*a-z0-9][-.*a-z0-9]*$/);
            continue;
          }
          expect(KINDS).toContain(entry.workload.kind);
          expect(entry.workload.name).toMatch(/^[a-z0-9][-.a-z0-9]*$/);
        }
        if (!parsed.ok) expect(parsed.problems.length).toBeGreaterThan(0);
      },
    ),
    { numRuns: 300 },
  );
});

test('a path means what a mapping of its parts means', () => {
  const name = fc.stringMatching(/^[a-c*]([-a-c*]{0,4}[a-c*])?$/);
  const kind = fc.constantFrom('deploy', 'sts', 'daemonset', '*');
  fc.assert(
    fc.property(name, kind, name, (namespace, kind, name) => {
      const path = parse(JSON.stringify([`${namespace}/${kind}/${name}`]));
      expect(path).toEqual(parse(JSON.stringify([{ kind, namespace, name }])));
      const [entry] = must(path);
      expect(entry?.type).toBe(`${namespace}${kind}${name}`.includes('*') ? 'selected' : 'named');
    }),
  );
});

test('a list of more entries than one run takes says what to do instead; what is wrong with its entries goes first', () => {
  const entries = (count: number, kind: string): string => `- ${kind}/w\n`.repeat(count);
  expect(must(parse(entries(20_000, 'deploy')))).toHaveLength(20_000);
  expect(problemsIn(parse(entries(20_001, 'deploy'))).map(describeProblem)).toEqual([
    'targets has 20,001 entries; one run takes at most 20,000. Select workloads by their labels ({namespaces, selector, kinds}), or split the list into several runs.',
  ]);
  expect(problemsIn(parse(entries(20_001, 'pod')))).toHaveLength(20_001);
});

test('a list is read once, and may be parsed again with other defaults', () => {
  const list = readTargetList('targets', '- deployment/reviews');
  const namespaces = ['shop', 'test'].map((defaultNamespace) => {
    const [entry] = must(parseTargets(list, { defaultNamespace, kinds: kindNames() }));
    return entry?.type === 'named' ? entry.workload.namespace : undefined;
  });
  expect(namespaces).toEqual(['shop', 'test']);
});

test('what a mistyped key was to say is not told as missing', () => {
  expect(messagesIn(parse('- {selektor: tier=api}'))).toHaveLength(1);
  expect(messagesIn(parse('- {kind: deployment, nmae: reviews}'))).toHaveLength(1);
  expect(messagesIn(parse('- {xyzzyx: reviews}'))).toHaveLength(3);
});
