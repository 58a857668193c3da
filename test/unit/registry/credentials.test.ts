import { describe, expect, test } from '@jest/globals';
import {
  credentialsIn,
  parseDockerConfig,
  type RegistryCredentials,
  type RunHelper,
} from '../../../src/registry/credentials.ts';
import { LoginError } from '../../../src/registry/errors.ts';
import { findLogin, type LoginSources } from '../../../src/registry/logins.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const noHelper: RunHelper = (helper) => Promise.reject(new Error(`docker-credential-${helper} was run`));
const find = (config: object, host = 'ghcr.io', runHelper = noHelper): Promise<RegistryCredentials | undefined> =>
  credentialsIn(parseDockerConfig(JSON.stringify(config), 'config.json'), host, runHelper);
const ME = { from: 'config.json', username: 'me', password: 'pass' };

describe('a Docker configuration has for ghcr.io', () => {
  test.each<[string, object, RegistryCredentials | undefined]>([
    ['nothing', {}, undefined],
    ['nothing of use', { auths: [], credHelpers: 'x', credsStore: 3 }, undefined],
    ['a login of another host', { auths: { 'quay.io': { auth: base64('me:pass') } } }, undefined],
    ['base64', { auths: { 'ghcr.io': { auth: base64('me:pass') } } }, ME],
    ['an old address as the key', { auths: { 'https://ghcr.io/v1/': { auth: base64('me:pass') } } }, ME],
    ['a colon in the password', { auths: { 'ghcr.io': { auth: base64('me:a:b') } } }, { ...ME, password: 'a:b' }],
    ['zero bytes at the end', { auths: { 'ghcr.io': { auth: base64('me:pass\0\0') } } }, ME],
    ['user name and password', { auths: { 'ghcr.io': { username: 'me', password: 'pass' } } }, ME],
    [
      'an identity token',
      { auths: { 'ghcr.io': { auth: base64('x:'), identitytoken: 'id' } } },
      { from: 'config.json', identityToken: 'id' },
    ],
    ['an empty entry', { auths: { 'ghcr.io': {} } }, undefined],
  ])('%s', async (_, config, credentials) => {
    expect(await find(config)).toEqual(credentials);
  });

  test('what is no base64 of a login is named, and not repeated', async () => {
    await expect(find({ auths: { 'ghcr.io': { auth: base64('secret') } } })).rejects.toThrow(LoginError);
    await expect(find({ auths: { 'ghcr.io': { auth: base64('secret') } } })).rejects.not.toThrow(/secret|c2VjcmV0/);
  });
});

describe('credential helpers', () => {
  const answers =
    (answer: object): RunHelper =>
    (helper, server) =>
      Promise.resolve(JSON.stringify({ ServerURL: `${helper} ${server}`, ...answer }));
  const auths = { 'ghcr.io': { auth: base64('me:pass') } };

  test('that of the host goes first, then the store of all', async () => {
    const asked: string[] = [];
    const run: RunHelper = async (helper, server) => {
      asked.push(`${helper} ${server}`);
      return JSON.stringify({ Username: helper, Secret: 's' });
    };
    const config = { auths, credsStore: 'all', credHelpers: { 'ghcr.io': 'one' } };
    expect(await find(config, 'ghcr.io', run)).toEqual({
      from: 'docker-credential-one',
      username: 'one',
      password: 's',
    });
    expect(await find(config, 'docker.io', run)).toEqual({
      from: 'docker-credential-all',
      username: 'all',
      password: 's',
    });
    expect(asked).toEqual(['one ghcr.io', 'all https://index.docker.io/v1/']);
  });

  test('a user name of <token> means an identity token', async () => {
    expect(await find({ credsStore: 'x' }, 'ghcr.io', answers({ Username: '<token>', Secret: 'id' }))).toEqual({
      from: 'docker-credential-x',
      identityToken: 'id',
    });
  });

  test('one that has nothing leaves it to the file', async () => {
    const nothing: RunHelper = () => Promise.reject(new Error('credentials not found in native keychain'));
    expect(await find({ auths, credsStore: 'x' }, 'ghcr.io', nothing)).toEqual(ME);
  });

  test.each<[string, RunHelper, RegExp]>([
    [
      'fails',
      () => Promise.reject(new Error('locked')),
      /^docker-credential-x returned no credentials for ghcr\.io: locked$/,
    ],
    ['prints no JSON', () => Promise.resolve('secret'), /^docker-credential-x returned an answer that is not JSON$/],
  ])('one that %s is an error', async (_, run, words) => {
    await expect(find({ credsStore: 'x' }, 'ghcr.io', run)).rejects.toThrow(words);
  });

  test.each(['../x', '/bin/x', 'a/b', '..', '.x', '-x', 'a b', 'a\0b', 'x'.repeat(65), 'ü'])(
    'one that is called %j is never run',
    async (name) => {
      const run = () => Promise.reject(new Error('it was run'));
      await expect(find({ credsStore: name }, 'ghcr.io', run)).rejects.toThrow(/not a valid program name/);
      await expect(find({ credHelpers: { 'ghcr.io': name } }, 'ghcr.io', run)).rejects.toThrow(
        /not a valid program name/,
      );
    },
  );
});

describe('findLogin', () => {
  const masked: string[] = [];
  const sources = (over: Partial<LoginSources> = {}): LoginSources => ({
    environment: { HOME: '/home/me' },
    readFile: async (path) => {
      if (path === '/home/me/.docker/config.json')
        return Buffer.from(JSON.stringify({ auths: { 'ghcr.io': { auth: base64('me:pass') } } }));
      throw Object.assign(new Error('EACCES: not allowed'), { code: path.startsWith('/none') ? 'ENOENT' : 'EACCES' });
    },
    runHelper: noHelper,
    mask: (secret) => masked.push(secret),
    ...over,
  });
  const given = { host: 'ghcr.io', username: 'given', password: 'word' };

  test('what was handed to the run goes first, to its registry alone', async () => {
    masked.length = 0;
    expect(await findLogin('ghcr.io', sources({ given }))).toMatchObject({ username: 'given', password: 'word' });
    expect(masked).toEqual(['word', 'given:word', base64('given:word')]);
    expect(await findLogin('quay.io', sources({ given }))).toBeUndefined();
  });

  test.each<[string, LoginSources['environment'], object | undefined]>([
    ['the home folder', { HOME: '/home/me' }, { username: 'me' }],
    ['that of Windows', { USERPROFILE: '/home/me' }, { username: 'me' }],
    ['DOCKER_CONFIG before it', { HOME: '/home/me', DOCKER_CONFIG: '/none' }, undefined],
    ['nowhere', {}, undefined],
  ])('the configuration is looked for in %s', async (_, environment, login) => {
    const found = await findLogin('ghcr.io', sources({ environment }));
    if (login === undefined) expect(found).toBeUndefined();
    else expect(found).toMatchObject(login);
  });

  test('one that is there and cannot be read is an error', async () => {
    await expect(findLogin('ghcr.io', sources({ environment: { DOCKER_CONFIG: '/locked' } }))).rejects.toThrow(
      '/locked/config.json cannot be read: permission denied',
    );
  });
});
