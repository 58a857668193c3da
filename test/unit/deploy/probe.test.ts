import { describe, expect, test } from '@jest/globals';
import {
  checkAnswer,
  describeAnswer,
  describeProbe,
  type Probe,
  type ProbeAnswer,
  type ProbeExpectation,
} from '../../../src/deploy/probe.ts';

const probe = (expectation: Partial<ProbeExpectation>): Probe => ({
  port: 9080,
  method: 'GET',
  path: '/health?x=1',
  headers: {},
  expect: { status: [200], headers: {}, ...expectation },
});
const answer = (over: Partial<ProbeAnswer> = {}): ProbeAnswer => ({ status: 200, headers: {}, text: '', ...over });
const wasm = { 'x-wasm': 'yes' };

describe('checkAnswer', () => {
  test.each<[string, Partial<ProbeExpectation>, Partial<ProbeAnswer>, string | undefined]>([
    ['the status', {}, {}, undefined],
    ['another status', {}, { status: 503 }, 'answered 503 instead of 200'],
    ['one of several', { status: [200, 204] }, { status: 204 }, undefined],
    ['none of several', { status: [200, 204] }, { status: 404 }, 'answered 404 instead of 200 or 204'],
    ['the header', { headers: wasm }, { headers: wasm }, undefined],
    [
      'another value',
      { headers: wasm },
      { headers: { 'x-wasm': 'no' } },
      'answered with the header x-wasm: "no" instead of "yes"',
    ],
    ['no header', { headers: wasm }, {}, 'answered without the header x-wasm'],
    ['a header that is there twice', { headers: wasm }, { headers: { 'x-wasm': ['no', 'yes'] } }, undefined],
    [
      'twice another value',
      { headers: wasm },
      { headers: { 'x-wasm': ['no', 'nay'] } },
      'answered with the header x-wasm: "no", "nay" instead of "yes"',
    ],
    ['any value', { headers: { 'x-wasm': '*' } }, { headers: { 'x-wasm': '' } }, undefined],
    ['any value, not there', { headers: { 'x-wasm': '*' } }, {}, 'answered without the header x-wasm'],
    ['a header that must be absent', { headers: { 'x-old': null } }, {}, undefined],
    [
      'a header that must be absent and is not',
      { headers: { 'x-old': null } },
      { headers: { 'x-old': 'a' } },
      'answered with the header x-old: a, which must not be there',
    ],
    ['an empty value', { headers: { 'x-wasm': '' } }, { headers: { 'x-wasm': '' } }, undefined],
    ['the body', { body: 'ok' }, { text: '{"state":"ok"}' }, undefined],
    ['another body', { body: 'o"k' }, { text: 'bad' }, 'answered with a body that does not contain "o\\"k"'],
    ['the status before all else', { headers: wasm, body: 'ok' }, { status: 500 }, 'answered 500 instead of 200'],
  ])('%s', (_, expectation, got, wrong) => {
    expect(checkAnswer(probe(expectation), answer(got))).toBe(wrong);
  });

  test('what is quoted has an end', () => {
    const long = 'x'.repeat(10_000);
    const wrong = [
      checkAnswer(probe({ headers: { a: long } }), answer({ headers: { a: `${long}y` } })),
      checkAnswer(probe({ headers: { a: null } }), answer({ headers: { a: long } })),
      checkAnswer(probe({ body: long }), answer()),
    ];
    for (const text of wrong) expect(text?.length).toBeLessThan(300);
  });
});

test('describeProbe', () => {
  expect(describeProbe(probe({}))).toBe('GET :9080/health?x=1');
});

describe('describeAnswer', () => {
  const many = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`x-${index}`, 'y']));
  test.each<[string, Partial<ProbeAnswer>, string]>([
    ['nothing but a status', { status: 204 }, 'The answer was 204 without headers'],
    [
      'what tells, without what changes with each answer',
      { headers: { date: 'now', server: 'istio-envoy', 'x-a': ['1', '2'], 'content-length': '3' } },
      'The answer was 200 with server: istio-envoy; x-a: 1, 2',
    ],
    ['no secrets', { headers: { 'set-cookie': 'id=1' } }, 'The answer was 200 with set-cookie (not shown)'],
    [
      'not too much',
      { headers: many },
      'The answer was 200 with x-0: y; x-1: y; x-2: y; x-3: y; x-4: y; x-5: y; x-6: y; x-7: y; 2 more headers',
    ],
    ['no long value', { headers: { 'x-a': 'y'.repeat(200) } }, `The answer was 200 with x-a: ${'y'.repeat(94)}…`],
  ])('%s', (_case, over, expected) => {
    expect(describeAnswer(answer(over))).toBe(expected);
  });
});
