import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './commands.ts';

/** A certificate and its key, as PEM files. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** The paths of all PEM files of one cluster. */
export interface Certificates {
  readonly authority: KeyPair;
  /** The API server's serving certificate. */
  readonly apiServer: KeyPair;
  /** A client in `system:masters`: the person, the tests, and the components that need no identity of their own. */
  readonly admin: KeyPair;
  /** The kubelet: client in `system:nodes` for the Node authorizer, and server for logs, exec and proxy. */
  readonly kubelet: KeyPair;
  /** Signs service account tokens. */
  readonly serviceAccounts: { readonly publicKey: string; readonly key: string };
}

export interface CertificateNames {
  /** Where the API server is reached besides `localhost`. */
  readonly apiServerAddresses: readonly string[];
  readonly nodeName: string;
  readonly nodeAddress: string;
}

/** A cluster lives for a day at most; the month leaves room for a machine that was asleep. */
const VALID_DAYS = '30';
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Makes a certificate authority and all certificates in `folder`. Throws `CommandError` when openssl fails. */
export async function makeCertificates(folder: string, names: CertificateNames): Promise<Certificates> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const pem = (name: string): KeyPair => ({
    certificate: join(folder, `${name}.crt`),
    key: join(folder, `${name}.key`),
  });

  const authority = pem('ca');
  const serviceAccounts = {
    publicKey: join(folder, 'service-accounts.pub'),
    key: join(folder, 'service-accounts.key'),
  };
  await Promise.all([
    openssl('req', '-x509', ...NEW_KEY, '-days', VALID_DAYS, '-subj', '/CN=test-cluster', ...files(authority)),
    openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-out', serviceAccounts.key),
  ]);

  const issue = async (name: string, subject: string, alternativeNames: readonly string[]): Promise<KeyPair> => {
    const pair = pem(name);
    const extensions = join(folder, `${name}.ext`);
    await writeFile(extensions, `subjectAltName=${alternativeNames.join(',')}\n`);
    const request = await openssl('req', ...NEW_KEY, '-subj', subject, '-keyout', pair.key);
    const signer = ['-CA', authority.certificate, '-CAkey', authority.key, '-days', VALID_DAYS];
    // A random serial number, as the default would write a file that parallel calls share.
    const serial = ['-set_serial', `0x${crypto.randomUUID().replaceAll('-', '')}`];
    const sign = ['x509', '-req', ...signer, ...serial, '-extfile', extensions, '-out', pair.certificate];
    await run('openssl', sign, { input: request });
    return pair;
  };
  const [apiServer, admin, kubelet] = await Promise.all([
    issue('kube-apiserver', '/CN=kube-apiserver', [
      'DNS:localhost',
      'DNS:kubernetes.default.svc',
      ...names.apiServerAddresses.map((address) => `IP:${address}`),
    ]),
    issue('admin', '/O=system:masters/CN=admin', ['DNS:admin']),
    issue('kubelet', `/O=system:nodes/CN=system:node:${names.nodeName}`, [
      `DNS:${names.nodeName}`,
      `IP:${names.nodeAddress}`,
    ]),
    openssl('pkey', '-in', serviceAccounts.key, '-pubout', '-out', serviceAccounts.publicKey),
  ]);
  return { authority, apiServer, admin, kubelet, serviceAccounts };
}

/** Writes a kubeconfig that holds its certificates itself, so that it can be copied, and gives its path. */
export async function writeKubeconfig(
  path: string,
  server: string,
  authority: KeyPair,
  client: KeyPair,
): Promise<string> {
  const base64 = async (file: string): Promise<string> => (await readFile(file)).toString('base64');
  const name = 'test-cluster';
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{ name, cluster: { server, 'certificate-authority-data': await base64(authority.certificate) } }],
    users: [
      {
        name,
        user: {
          'client-certificate-data': await base64(client.certificate),
          'client-key-data': await base64(client.key),
        },
      },
    ],
    contexts: [{ name, context: { cluster: name, user: name } }],
  };
  // JSON is YAML, and needs no library to write.
  await writeFile(path, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
  return path;
}

function openssl(...args: readonly string[]): Promise<string> {
  return run('openssl', args);
}

function files(pair: KeyPair): readonly string[] {
  return ['-keyout', pair.key, '-out', pair.certificate];
}
