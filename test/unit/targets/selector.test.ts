import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { matchesSelector, parseSelector } from '../../../src/targets/selector.ts';
import { messagesIn, must, problemsIn } from '../builders.ts';

type Labels = Readonly<Record<string, string>>;

const matches = (selector: unknown, labels: Labels | undefined): boolean =>
  matchesSelector(must(parseSelector(selector, 'targets, entry 1')), labels);

describe('the examples of the Kubernetes documentation', () => {
  const production = { environment: 'production', tier: 'frontend' };
  const qa = { environment: 'qa', tier: 'backend' };
  const bare = {};

  test.each<[string, boolean, boolean, boolean]>([
    ['environment = production', true, false, false],
    ['environment=production', true, false, false],
    ['environment==qa', false, true, false],
    ['tier != frontend', false, true, true],
    ['environment=production,tier!=frontend', false, false, false],
    ['environment in (production, qa)', true, true, false],
    ['tier notin (frontend, backend)', false, false, true],
    ['partition', false, false, false],
    ['environment', true, true, false],
    ['!partition', true, true, true],
    ['! environment', false, false, true],
    ['environment,tier notin (frontend)', false, true, false],
    ['environment in (production),tier in (frontend)', true, false, false],
  ])('%s', (selector, ...expected) => {
    expect([production, qa, bare].map((labels) => matches(selector, labels))).toEqual(expected);
  });
});

test.each<[unknown, Labels, boolean]>([
  [' app = web , !legacy ', { app: 'web' }, true],
  ['app=', { app: '' }, true],
  ['app=', {}, false],
  ['app in ()', { app: '' }, true],
  ['app in (a,,b)', { app: '' }, true],
  ['app in(a)', { app: 'a' }, true],
  ['app\tnotin\n(a)', {}, true],
  ['app.kubernetes.io/name=web', { 'app.kubernetes.io/name': 'web' }, true],
  ['in in (in)', { in: 'in' }, true],
  ['!in', {}, true],
  ['constructor', {}, false],
  ['!toString', {}, true],
  [{ app: 'web', tier: 'front' }, { app: 'web', tier: 'front', more: 'x' }, true],
  [{ app: 'web', tier: 'front' }, { app: 'web' }, false],
  [{ version: 2, canary: true }, { version: '2', canary: 'true' }, true],
])('%j on %j', (selector, labels, is) => {
  expect(matches(selector, labels)).toBe(is);
});

test('a workload without labels', () => {
  expect([matches('app', undefined), matches('!app', undefined)]).toEqual([false, true]);
});

test.each<[unknown]>([
  ['app=web,'],
  [',app=web'],
  ['app=web tier=front'],
  ['app in web'],
  ['app in (web'],
  ['app (web)'],
  ['(app)'],
  ['app=a||b'],
  ['app===web'],
  ['!app=web'],
  ['app=-web'],
  ['-app'],
  ['a/b/c'],
  ['app>1'],
  [''],
  ['  '],
  [undefined],
  [null],
  [5],
  [['app=web']],
  [{}],
  [{ app: ['web'] }],
  [{ app: null }],
  [{ matchLabels: { app: 'web' } }],
  [{ app: 'a,b' }],
  [{ 'app,tier': 'a' }],
  [{ '!app': '' }],
  [{ app: '=a' }],
])('%j is no selector', (selector) => {
  const [problem, ...more] = problemsIn(parseSelector(selector, 'targets, entry 4'));
  expect(more).toEqual([]);
  expect(problem).toMatchObject({ kind: 'targets', subject: 'targets, entry 4' });
  expect(problem?.message).toMatch(/^selector/);
});

test('the problem quotes the part that is wrong', () => {
  expect(messagesIn(parseSelector('app=web, tier in x', 's'))[0]).toContain('"tier in x" is not a label requirement');
});

describe('parsing and matching agree with reading the requirements one by one', () => {
  type Wanted = { key: string; operator: '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!'; values: string[] };
  const key = fc.constantFrom('app', 'tier', 'example.com/role', 'in', 'notin', 'a.b_c-d', 'constructor');
  const value = fc.constantFrom('', 'a', 'b', 'in', 'x-1_y.Z');
  const space = fc.constantFrom('', ' ', '  ', '\n');
  const requirement = fc.record<Wanted>({
    key,
    operator: fc.constantFrom('=', '==', '!=', 'in', 'notin', 'exists', '!'),
    values: fc.array(value, { minLength: 1, maxLength: 3 }),
  });
  const labels = fc.dictionary(key, value, { maxKeys: 4 });

  function write({ key, operator, values }: Wanted, gap: string): string {
    if (operator === 'exists') return key;
    if (operator === '!') return `!${gap}${key}`;
    if (operator === 'in' || operator === 'notin') {
      return `${key} ${gap}${operator}${gap}(${gap}${values.join(`${gap},${gap}`)}${gap})`;
    }
    return `${key}${gap}${operator}${gap}${values[0]}`;
  }

  function oracle({ key, operator, values }: Wanted, on: Labels): boolean {
    const has = Object.keys(on).includes(key);
    if (operator === 'exists') return has;
    if (operator === '!') return !has;
    if (operator === '!=') return !has || on[key] !== values[0];
    if (operator === 'notin') return !has || !values.some((one) => one === on[key]);
    if (operator === 'in') return has && values.some((one) => one === on[key]);
    return has && on[key] === values[0];
  }

  test('as text', () => {
    fc.assert(
      fc.property(fc.array(requirement, { minLength: 1, maxLength: 4 }), space, labels, (wanted, gap, on) => {
        const text = wanted.map((one) => write(one, gap)).join(`${gap},${gap}`);
        expect(matches(text, on)).toBe(wanted.every((one) => oracle(one, on)));
      }),
      { numRuns: 500 },
    );
  });

  test('as a mapping', () => {
    fc.assert(
      fc.property(fc.dictionary(key, value, { minKeys: 1 }), labels, (wanted, on) => {
        const all = Object.entries(wanted).every(([name, one]) =>
          oracle({ key: name, operator: '=', values: [one] }, on),
        );
        expect(matches(wanted, on)).toBe(all);
      }),
    );
  });
});

test('no text makes it throw', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', '(', ')', ',', '!', '=', ' ', '/', 'in', '-') }), (text) => {
      expect(typeof parseSelector(text, 's').ok).toBe('boolean');
    }),
  );
});
