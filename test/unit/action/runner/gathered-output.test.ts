import { Writable } from 'node:stream';
import { expect, test } from '@jest/globals';
import { gatherOutput } from '../../../../src/action/runner/gathered-output.ts';

/** A stream with what left it, call by call, and the moment that somebody waits for. */
function stage() {
  const left: string[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write: (chunk: string, _encoding, done) => {
      left.push(chunk);
      done();
    },
    writev: (chunks, done) => {
      left.push(chunks.map(({ chunk }) => chunk).join(''));
      done();
    },
  });
  const moments: (() => void)[] = [];
  const { soon, now } = gatherOutput(stream, (_, then) => void moments.push(then));
  const say = (text: string): void => {
    soon();
    stream.write(text);
  };
  const pass = (): void => {
    for (const then of moments.splice(0)) then();
  };
  return { left, say, now, stream, pass };
}

test('what is written within a moment leaves at once, in its order, with what others write meanwhile', () => {
  const { left, say, stream, pass } = stage();
  say('a');
  stream.write('b');
  say('c');
  expect(left).toEqual([]);
  pass();
  expect(left).toEqual(['abc']);
  say('d');
  pass();
  expect(left).toEqual(['abc', 'd']);
});

test('a process that ends lets go of what is kept, and the moment that passes later changes nothing', () => {
  const { left, say, now, stream, pass } = stage();
  say('a');
  now();
  expect(left).toEqual(['a']);
  pass();
  stream.write('b');
  expect(left).toEqual(['a', 'b']);
  now();
  expect(left).toEqual(['a', 'b']);
});

test('what is let go of early is not kept again until the next line', () => {
  const { left, say, now, pass } = stage();
  say('a');
  now();
  say('b');
  pass();
  expect(left).toEqual(['a', 'b']);
});
