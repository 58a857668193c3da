import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

// Real names, the real resolver and real connections, in a network of their own: needs Linux, and root or user namespaces.

const NAMES: Readonly<Record<string, readonly string[]>> = {
  'public.example': ['140.82.112.33'],
  'auth.example': ['140.82.112.34'],
  'mixed.example': ['140.82.112.35', '127.0.0.1', '10.9.0.6'],
  'private.example': ['10.9.0.5'],
  'here.example': ['127.0.0.1'],
  'metadata.example': ['169.254.169.254'],
};
const LEFT_ALONE = /Nothing was sent there/;
const LOGGED_IN = /answers 404/;

/** Registry, server for tokens, what is said, and who is asked with what. */
const CASES: readonly (readonly [string, string, RegExp, readonly string[]])[] = [
  [
    'public.example',
    'auth.example',
    LOGGED_IN,
    ['140.82.112.33 nothing', '140.82.112.34 Basic', '140.82.112.33 Bearer'],
  ],
  [
    'public.example',
    'mixed.example',
    LOGGED_IN,
    ['140.82.112.33 nothing', '140.82.112.35 Basic', '140.82.112.33 Bearer'],
  ],
  ['public.example', 'here.example', LEFT_ALONE, ['140.82.112.33 nothing']],
  ['public.example', 'private.example', LEFT_ALONE, ['140.82.112.33 nothing']],
  ['public.example', 'metadata.example', LEFT_ALONE, ['140.82.112.33 nothing']],
  ['mixed.example', 'here.example', LEFT_ALONE, ['140.82.112.35 nothing']],
  ['private.example', 'private.example', LOGGED_IN, ['10.9.0.5 nothing', '10.9.0.5 Basic', '10.9.0.5 Bearer']],
  ['private.example', 'auth.example', LOGGED_IN, ['10.9.0.5 nothing', '140.82.112.34 Basic', '10.9.0.5 Bearer']],
  ['private.example', 'here.example', LEFT_ALONE, ['10.9.0.5 nothing']],
  ['private.example', 'metadata.example', LEFT_ALONE, ['10.9.0.5 nothing']],
  ['here.example', 'private.example', LOGGED_IN, ['127.0.0.1 nothing', '10.9.0.5 Basic', '127.0.0.1 Bearer']],
  ['here.example', 'metadata.example', LEFT_ALONE, ['127.0.0.1 nothing']],
  ['metadata.example', 'metadata.example', LEFT_ALONE, []],
];

test('in a network with public, private and link-local addresses logins go no further inside than their registry', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'networks-'));
  try {
    const hosts = Object.entries(NAMES).flatMap(([name, addresses]) => addresses.map((one) => `${one} ${name}\n`));
    await writeFile(join(folder, 'hosts'), hosts.join(''));
    const others = [...new Set(Object.values(NAMES).flat())].filter((address) => address !== '127.0.0.1');
    const script = [
      'ip link set lo up',
      ...others.map((address) => `ip address add ${address}/32 dev lo`),
      `mount --bind ${join(folder, 'hosts')} /etc/hosts`,
      'exec "$@"',
    ].join(' && ');
    const pairs = CASES.map(([registry, tokens]) => `${registry}>${tokens}`);
    const program = [process.execPath, join(import.meta.dirname, 'networks-inside.ts'), ...pairs];
    const namespaces = ['--map-root-user', '--net', '--mount'];
    const { stdout } = await promisify(execFile)('unshare', [...namespaces, 'sh', '-c', script, 'sh', ...program]);
    const outcomes = JSON.parse(stdout) as { said: string; asked: string[] }[];
    expect(outcomes.map(({ asked }) => asked)).toEqual(CASES.map(([, , , asked]) => asked));
    for (const [index, [, , said]] of CASES.entries()) expect(outcomes[index]?.said).toMatch(said);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
