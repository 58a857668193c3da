import { spawn } from 'node:child_process';
import { createPrivateKey, sign, X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificates } from '../../embedded/certs.ts';
import { ISSUER, type RegistryLogin, SERVICE, type TestRegistry, USER } from './index.ts';
import { type Claims, startTokenServer, type TokenServer } from './token-server.ts';

/** The CNCF distribution registry; Debian's package docker-registry. */
const PROGRAM = process.env.TEST_DOCKER_REGISTRY || 'docker-registry';

/** The user of the tests, as `htpasswd -B` writes it. */
const HTPASSWD = `${USER.username}:$2y$05$ckBM3g.dMawLM6oC9WNWq.QLDszZsoG9n.W7uaz2G.AqG0FN7Nkyy\n`;
const START_MS = 20_000;

/** Starts docker-registry with an empty storage, on a free port of one IPv4 address of this machine. */
export async function startRealRegistry(login: RegistryLogin, address = '127.0.0.1'): Promise<TestRegistry> {
  const folder = await mkdtemp(join(tmpdir(), 'docker-registry-'));
  const certificates = makeCertificates();
  const tokenServer =
    login === 'token'
      ? await startTokenServer((claims) => signToken(claims, certificates.keyPem, certificates.certPem))
      : undefined;
  await writeFile(join(folder, 'htpasswd'), HTPASSWD);
  await writeFile(join(folder, 'issuer.pem'), certificates.caPem);
  await writeFile(
    join(folder, 'config.yml'),
    JSON.stringify({
      ...configuration(folder, address),
      ...authentication(login, folder, tokenServer),
    }),
  );
  const child = spawn(PROGRAM, ['serve', join(folder, 'config.yml')], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  const ended = new Promise<void>((done) => {
    child.once('close', () => done());
    child.once('error', ({ message }) => {
      said += message;
      done();
    });
  });
  const stop = async (): Promise<void> => {
    child.kill();
    await ended;
    await tokenServer?.stop();
    await rm(folder, { recursive: true, force: true });
  };
  const port = await new Promise<string | undefined>((resolve) => {
    const timer = setTimeout(() => resolve(undefined), START_MS);
    const read = (chunk: Buffer): void => {
      said += chunk;
      const [, found] = /listening on \S*:(\d+)/.exec(said) ?? [];
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(found);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    void ended.then(() => resolve(undefined));
  });
  if (port !== undefined) return { host: `${address}:${port}`, stop };
  await stop();
  throw new Error(`docker-registry, Debian's package of that name, did not start on ${address}: ${said}`);
}

/** See https://distribution.github.io/distribution/about/configuration/; JSON is YAML. */
function configuration(folder: string, address: string): object {
  return {
    version: 0.1,
    log: { level: 'info', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, 'storage') } },
    http: { addr: `${address}:0`, secret: 'only-for-tests' },
  };
}

function authentication(login: RegistryLogin, folder: string, tokenServer: TokenServer | undefined): object {
  if (login === 'none') return {};
  if (login === 'basic') return { auth: { htpasswd: { realm: SERVICE, path: join(folder, 'htpasswd') } } };
  const rootcertbundle = join(folder, 'issuer.pem');
  return { auth: { token: { realm: tokenServer?.realm, service: SERVICE, issuer: ISSUER, rootcertbundle } } };
}

/** A JWT that carries the certificate of its signer. */
function signToken(claims: Claims, keyPem: string, certPem: string): string {
  const key = createPrivateKey(keyPem);
  const isRsa = key.asymmetricKeyType === 'rsa';
  const x5c = [new X509Certificate(certPem).raw.toString('base64')];
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const content = `${encode({ typ: 'JWT', alg: isRsa ? 'RS256' : 'ES256', x5c })}.${encode(claims)}`;
  const signature = sign('sha256', Buffer.from(content), isRsa ? key : { key, dsaEncoding: 'ieee-p1363' });
  return `${content}.${signature.toString('base64url')}`;
}
