import { describe, expect, test } from '@jest/globals';
import { parseArguments } from '../../cluster/arguments.ts';

describe('parseArguments', () => {
  test.each([
    [['up'], { command: 'up', rest: [] }],
    [['up', '--level', 'mesh'], { command: 'up', level: 'mesh', rest: [] }],
    [['--level=mesh', 'down', '--state=/s'], { command: 'down', level: 'mesh', state: '/s', rest: [] }],
    [
      ['--level', 'mesh', 'kubectl', 'get', 'pods', '--all-namespaces'],
      { command: 'kubectl', level: 'mesh', rest: ['get', 'pods', '--all-namespaces'] },
    ],
    [
      ['exec', 'ctr', '-n', 'k8s.io', 'images', 'ls'],
      { command: 'exec', rest: ['ctr', '-n', 'k8s.io', 'images', 'ls'] },
    ],
  ])('%j', (argv, expected) => {
    expect(parseArguments(argv)).toEqual(expected);
  });

  test('makes --state absolute', () => {
    expect(parseArguments(['status', '--state', 'here']).state).toBe(`${process.cwd()}/here`);
  });

  test.each([
    [[], 'no command'],
    [['fly'], 'not a command: fly'],
    [['up', 'now'], 'not a command: up now'],
    [['toString'], 'not a command: toString'],
    [['up', '--level', 'big'], 'not a level: big'],
    [['up', '--colour'], "Unknown option '--colour'"],
  ])('%j is refused with the usage', (argv, message) => {
    expect(() => parseArguments(argv)).toThrow(message);
    expect(() => parseArguments(argv)).toThrow('usage: npm run cluster -- ');
  });
});
