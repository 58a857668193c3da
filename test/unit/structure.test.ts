import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { FLOORS, importedBy, innerRoomOf, ROOMS, readSources, roomOf, type Source } from '../../scripts/rooms.ts';
import { withPicture } from '../../scripts/rooms-diagram.ts';
import { VERSION } from '../../src/base/version.ts';
import { kindNames } from '../../src/deploy/kinds/kinds.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const MAX_LINES = 300;

const SOURCES: readonly Source[] = readSources(ROOT);

/** The code without comments, which may speak of what the code must not do. */
const codeOf = ({ text }: Source): string => text.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '');

test('there are sources, and their imports are seen', () => {
  expect(SOURCES.length).toBeGreaterThan(30);
  expect(SOURCES.find(({ path }) => path === 'main.ts')?.imports).toContain('./action/run.ts');
  expect(SOURCES.find(({ path }) => path === 'action/runner/log.ts')?.imports).toContain('@actions/core');
});

describe.each(SOURCES.map((source) => [source.path, source] as const))('%s', (_, source) => {
  test('lies in a room and imports only from its own or those below', () => {
    expect(ROOMS).toContain(source.room);
    const above = importedBy(source).filter((path) => ROOMS.indexOf(roomOf(path)) < ROOMS.indexOf(source.room));
    expect(above).toEqual([]);
  });

  test('has 300 lines at most', () => {
    expect(source.text.trimEnd().split('\n').length).toBeLessThanOrEqual(MAX_LINES);
  });

  test('says of every function that it exports what that is for', () => {
    const silent = source.text.matchAll(/(?<!\*\/\n)^export (?:async )?function\*? (\w+)/gm);
    expect([...silent].map(([, name]) => name)).toEqual([]);
  });

  test('leaves out what is undefined by "defined" or "&&", not by a spread of {}', () => {
    expect(codeOf(source)).not.toMatch(/\.\.\.\([^()]*=== undefined \? \{\} :/);
  });

  test('names its files with their extension and exports no default', () => {
    expect(source.imports.filter((from) => from.startsWith('.') && !from.endsWith('.ts'))).toEqual([]);
    expect(codeOf(source)).not.toMatch(/^export default\b/m);
  });
});

describe.each(Object.entries(FLOORS))('within %s', (room, floors) => {
  const floorOf = (name: string): number => floors.findIndex((floor) => floor.includes(name));
  const sources = SOURCES.filter((source) => source.room === room);

  test('every file lies on a floor', () => {
    expect(sources.map(({ path }) => path).filter((path) => floorOf(innerRoomOf(path)) < 0)).toEqual([]);
  });

  test('a room imports only from itself and from floors below', () => {
    const against = sources.flatMap((source) =>
      importedBy(source)
        .filter((imported) => roomOf(imported) === room && innerRoomOf(imported) !== innerRoomOf(source.path))
        .filter((imported) => floorOf(innerRoomOf(imported)) <= floorOf(innerRoomOf(source.path)))
        .map((imported) => `${source.path} → ${imported}`),
    );
    expect(against).toEqual([]);
  });
});

test('CONTRIBUTING.md shows the rooms as their imports are; "npm run rooms" draws them', () => {
  const document = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8');
  expect(withPicture(document, SOURCES)).toBe(document);
});

test('no files import each other in a circle, not even their types', () => {
  const importsOf = new Map(SOURCES.map((source) => [source.path, importedBy(source)]));
  const done = new Set<string>();
  const circlesFrom = (file: string, way: readonly string[] = []): string[] => {
    if (way.includes(file)) return [[...way.slice(way.indexOf(file)), file].join(' → ')];
    if (done.has(file)) return [];
    const circles = (importsOf.get(file) ?? []).flatMap((imported) => circlesFrom(imported, [...way, file]));
    done.add(file);
    return circles;
  };
  expect(SOURCES.flatMap(({ path }) => circlesFrom(path))).toEqual([]);
});

describe('what only some rooms may use', () => {
  const users = (pattern: RegExp): string[] => [
    ...new Set(SOURCES.filter(({ imports }) => imports.some((from) => pattern.test(from))).map(({ room }) => room)),
  ];

  const roomsImportedBy = (wanted: string): Set<string> =>
    new Set(SOURCES.filter(({ room }) => room === wanted).flatMap((source) => importedBy(source).map(roomOf)));

  test.each<[string, RegExp, string[]]>([
    ['HTTP', /^undici(\/|$)/, ['http', 'cluster']],
    ['the libraries of Sigstore', /^@sigstore\//, ['provenance']],
    ['the toolkit of the runner', /^@actions\//, ['main.ts', 'action']],
    ['files', /^node:fs(\/|$)/, ['main.ts', 'watchdog.ts', 'files']],
    ['sockets', /^node:(process|http|https|net|tls)(\/|$)/, ['main.ts', 'cluster']],
    ['other programs', /^node:child_process$/, ['main.ts', 'registry', 'filter', 'cluster']],
  ])('%s', (_, pattern, rooms) => {
    const found = users(pattern);
    expect(found.length).toBeGreaterThan(0);
    expect(found.filter((room) => !rooms.includes(room))).toEqual([]);
  });

  test('the filter room does not know the cluster', () => {
    expect(roomsImportedBy('filter')).toEqual(new Set(['filter', 'base']));
  });

  test('the rooms that speak to other servers do not know the cluster, nor the cluster room them', () => {
    expect(roomsImportedBy('provenance')).toEqual(new Set(['provenance', 'github', 'http', 'base']));
    expect(roomsImportedBy('github')).toEqual(new Set(['github', 'http', 'base']));
    expect(roomsImportedBy('registry')).toEqual(new Set(['registry', 'filter', 'http', 'base']));
    expect(roomsImportedBy('http')).toEqual(new Set(['http', 'base']));
    expect(roomsImportedBy('cluster')).toEqual(new Set(['cluster', 'base']));
  });

  test('text from outside becomes values in one place, which has limits', () => {
    const usersOf = (call: RegExp): string[] =>
      SOURCES.filter((source) => call.test(codeOf(source)))
        .map(({ path }) => path)
        .toSorted();
    expect(usersOf(/\bJSON\.parse\(/)).toEqual([
      'action/crash/watchdog.ts',
      'base/json.ts',
      // What the action's processes say to each other.
      'filter/trial/run.ts',
      'filter/trial/supervisor.ts',
      // The keys of a text that has been read.
      'mesh/template/json-text.ts',
    ]);
    expect(usersOf(/\bload(All)?\b[^;]*from 'js-yaml'/)).toEqual(['base/yaml.ts']);
  });

  test('only the programs read the process', () => {
    const readers = SOURCES.filter((source) => /\bprocess\s*[.[]/.test(codeOf(source))).map(({ path }) => path);
    expect(readers.toSorted()).toEqual(['main.ts', 'trial.ts', 'watchdog.ts']);
  });
});

describe('what a kind of target is, only its file in deploy/kinds knows', () => {
  test('nothing else names one', () => {
    const quoted = new RegExp(
      `(['"\`])(${kindNames()
        .map(({ kind }) => kind)
        .join('|')})\\1`,
    );
    const naming = SOURCES.filter(({ path }) => !path.startsWith('deploy/kinds/')).filter((source) =>
      quoted.test(codeOf(source)),
    );
    expect(naming.map(({ path }) => path).toSorted()).toEqual([
      // The headings of the column and of the problems of any rollout.
      'action/summary/parts/targets.ts',
      'action/verdict/problem-groups.ts',
      // The resource alone, which Istio's objects name in their `targetRefs`, too.
      'cluster/resources.ts',
    ]);
  });

  test('nothing else looks whether a target is a Gateway', () => {
    const looking = SOURCES.filter((source) => /\bisGatewayView\b/.test(codeOf(source))).map(({ path }) => path);
    expect(looking.filter((path) => !/^(deploy\/kinds|mesh\/gateway)\//.test(path))).toEqual([]);
  });
});

test('the version is that of the package', () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  expect(VERSION).toBe(version);
});

describe('lists of any length', () => {
  /** Where a list is spread into a call's arguments, each of which lies on the stack; parameters (`...x: T`) declare, and do not call. */
  const spreadCalls = (source: Source): string[] => {
    const code = codeOf(source);
    const open: number[] = [];
    const found: string[] = [];
    for (let at = 0; at < code.length; at++) {
      const character = code[at] ?? '';
      if ('([{'.includes(character)) open.push(at);
      else if (')]}'.includes(character)) open.pop();
      else if (code.startsWith('...', at)) {
        const from = open.at(-1) ?? 0;
        const called = /[\w$\])]$/.test(code.slice(0, from)) && code[from] === '(';
        const spread = /^[\w.#$?]+/.exec(code.slice(at + 3))?.[0] ?? '';
        if (called && !code.startsWith(': ', at + 3 + spread.length)) found.push(`${source.path}: ...${spread}`);
        at += 2;
      }
    }
    return found;
  };
  /** Of these there is a handful, whatever comes from outside. */
  const FEW: Readonly<Record<string, string>> = {
    'action/verdict/status.ts: ...advice': 'sentences of the code',
    'action/verdict/failure.ts: ...LEFT_AS_FOUND': 'a constant',
    'action/verdict/failure-advice.ts: ...URGENT': 'a constant',
    'action/verdict/failure.ts: ...URGENT': 'a constant',
    'action/verdict/failure.ts: ...wanted': 'a line of a constant table',
    'cluster/kubeconfig/exec-plugin.ts: ...interactive': 'a pair',
    'deploy/observe/unmanaged.ts: ...path': 'steps of a path in the code',
    'filter/trial/calls.ts: ...parameters': 'parameters of a WebAssembly function, at most 1,000',
    'filter/host/host-functions.ts: ...parameters': 'parameters of a host function',
    'filter/trial/start-filter.ts: ...': 'the two parameters of main',
    'filter/trial/exchange.ts: ...more': 'parameters of a callback',
    'filter/tests/test-world.ts: ...sizes': 'parameters of a callback',
    'mesh/objects/wasm-config.ts: ...path': 'steps of a path in the code',
  };

  test('are not spread into arguments', () => {
    expect(SOURCES.flatMap(spreadCalls).filter((found) => !(found in FEW))).toEqual([]);
  });
});

describe('lists in messages', () => {
  /** Each has a handful of parts, which the code names. */
  const OF_THE_CODE: Readonly<Record<string, string>> = {
    'base/text.ts': 'the functions for lists',
    'registry/manifest.ts': 'a header',
    'action/verdict/deploy.ts': 'parts of a headline',
    'action/verdict/remove.ts': 'parts of a headline',
    'action/summary/parts/adoption.ts': 'parts of a sentence',
    'action/verdict/evidence.ts': 'shortened before',
    'action/verdict/failure.ts': 'parts of a sentence',
    'provenance/check.ts': 'shortened before',
    'filter/tests/evaluate.ts': 'a header',
  };

  test('are made in one place, which names 20 at most', () => {
    const makers = SOURCES.filter((source) =>
      /\.join\(\s*(['"`])(, |; | and | or | \/ |, and |, or )\1\s*\)/.test(codeOf(source)),
    );
    expect(makers.map(({ path }) => path).filter((path) => !(path in OF_THE_CODE))).toEqual([]);
  });
});
