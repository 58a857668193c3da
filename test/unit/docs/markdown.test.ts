import { expect, test } from '@jest/globals';
import { anchor, literal, prose } from '../../../scripts/docs/markdown.ts';

test.each([
  ['what is quoted is code', 'Set "shrink: auto", or leave it out.', 'Set `shrink: auto`, or leave it out.'],
  ['a command stays code', 'Run `kubectl get -l "a=b" pods` (or "x").', 'Run `kubectl get -l "a=b" pods` (or `x`).'],
  [
    'a part of code keeps its marks',
    'Set crate-type = ["cdylib"], a = "b", build with "go".',
    'Set crate-type = \\["cdylib"\\], a = "b", build with `go`.',
  ],
  ['nothing else is markup', 'proxy_log <b> *x* | #1', 'proxy\\_log &lt;b> \\*x\\* \\| \\#1'],
  [
    'an address of an example is no link',
    'Write it like http://USER:PASSWORD@HOST:PORT.',
    'Write it like `http://USER:PASSWORD@HOST:PORT`.',
  ],
  ['another is one', 'See https://docs.github.com/x.', 'See https://docs.github.com/x.'],
])('prose: %s', (_, text, markdown) => {
  expect(prose(text)).toBe(markdown);
});

test.each([
  ['a "b"', '`a "b"`'],
  ['a `b`', '`` a `b` ``'],
])('literal: %s', (text, markdown) => {
  expect(literal(text)).toBe(markdown);
});

test('an anchor is the heading as GitHub links it', () => {
  expect(anchor('Envoy 1.39 (Istio 1.31)')).toBe('envoy-139-istio-131');
});
