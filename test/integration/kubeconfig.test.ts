import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CLUSTER_FIELDS, CONTEXT_FIELDS, EXEC_FIELDS, USER_FIELDS } from '../../src/cluster/kubeconfig/fields.ts';
import { askAs, type Outcome } from './kubeconfig-ask.ts';
import { type Case, casesOf, encode } from './kubeconfig-cases.ts';
import { type KubeconfigLab, type Materials, startKubeconfigLab } from './kubeconfig-lab.ts';

/** Names the program that has kubectl, where one is to be compared with: `PROGRAM kubectl …`. */
const KUBECTL = process.env.TEST_KUBECTL;

let lab: KubeconfigLab;
let folder: string;
beforeAll(async () => {
  lab = await startKubeconfigLab();
  folder = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await lab.stop();
});

/** Writes a case's files and gives the environment that names them. */
async function prepare(one: Case, m: Materials, place: string): Promise<Record<string, string>> {
  const { cluster, user = { token: m.token }, context, top, files = {}, list = ['config'], environment = {} } = one;
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'c', cluster: { server: m.server, 'certificate-authority-data': encode(m.authority), ...cluster } },
    ],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u', ...context } }],
    'current-context': 'c',
    ...top,
  };
  await mkdir(place);
  await writeFile(join(place, 'config'), one.text ?? JSON.stringify(config));
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(place, name), content);
    if (content.startsWith('#!')) await chmod(join(place, name), 0o755);
  }
  const paths = list.map((name) => (name === '' ? '' : join(place, name))).join(delimiter);
  const given = Object.entries(environment).map(([name, value]) => [name, value.replaceAll('@FOLDER@', place)]);
  return { PATH: '/usr/bin:/bin', HOME: place, KUBECONFIG: paths, ...Object.fromEntries(given) };
}

async function askKubectl(program: string, environment: Record<string, string>, cwd: string): Promise<Outcome> {
  const args = ['kubectl', 'auth', 'whoami', '--output=json', '--request-timeout=10s'];
  const child = spawn(program, args, { env: environment, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const [output, errors, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((done, failed) => child.on('error', failed).on('close', done)),
  ]);
  return code === 0 ? { user: JSON.parse(output).status.userInfo } : { refused: errors };
}

/** What a plugin was told, where it wrote that down. */
const told = (place: string): Promise<unknown> =>
  readFile(join(place, 'plugin.info'), 'utf8').then(JSON.parse, () => undefined);

// Jest wants the names before anything runs; the values come with the cluster.
const NAMES = new Proxy(
  { chain: new Proxy({}, { get: () => '' }) },
  { get: (known, name) => Reflect.get(known, name) ?? '' },
);
const cases = casesOf(NAMES as never).map(({ field, name, real }, index) => ({
  title: `${field}: ${name}`,
  index,
  real,
}));

test('every field of v1.Config is tried', () => {
  const lists = {
    cluster: CLUSTER_FIELDS,
    user: USER_FIELDS,
    context: CONTEXT_FIELDS,
    'user.exec': EXEC_FIELDS,
  };
  const fields = Object.entries(lists).flatMap(([list, known]) => Object.keys(known).map((name) => `${list}.${name}`));
  const tried = casesOf(NAMES as never).flatMap(({ field, user, cluster, context }) => [
    field,
    ...Object.keys(user ?? {}).map((name) => `user.${name}`),
    ...Object.keys(cluster ?? {}).map((name) => `cluster.${name}`),
    ...Object.keys(context ?? {}).map((name) => `context.${name}`),
  ]);
  expect(fields.filter((field) => !tried.includes(field))).toEqual([]);
});

describe('a kubeconfig is taken or refused as by kubectl, but by the name of the field', () => {
  test.each(cases)('$title', async ({ index, real }) => {
    if (real === true && !lab.isReal) return;
    const one = casesOf(lab.materials)[index] as Case;
    const places = [join(folder, `${index}-ours`), join(folder, `${index}-kubectl`)] as const;
    const [ours, theirs] = await Promise.all([
      prepare(one, lab.materials, places[0]).then((environment) => askAs(environment, lab.isReal)),
      KUBECTL === undefined
        ? undefined
        : prepare(one, lab.materials, places[1]).then((environment) => askKubectl(KUBECTL, environment, places[1])),
    ]);
    if (one.ours === 'takes') expect(ours).toEqual({ user: ours && 'user' in ours ? ours.user : 'somebody' });
    else expect(ours).toEqual({ refused: expect.stringMatching(one.ours) });
    expect(JSON.stringify(ours)).not.toContain('hidden-word');
    if (theirs === undefined) return;
    expect({ kubectl: 'user' in theirs ? 'takes' : 'refuses', why: theirs }).toEqual({
      kubectl: one.kubectl,
      why: theirs,
    });
    if ('user' in theirs && 'user' in ours) {
      expect(ours.user).toEqual(theirs.user);
      expect(await told(places[0])).toEqual(await told(places[1]));
    }
  });
});
