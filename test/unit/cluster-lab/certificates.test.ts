import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { makeCertificates, writeKubeconfig } from '../../cluster/certificates.ts';
import { scratchFolders } from './scratch.ts';

const scratch = scratchFolders();

test('makes certificates that the authority has signed, and a kubeconfig that holds them', async () => {
  const folder = scratch();
  const certificates = await makeCertificates(join(folder, 'pki'), {
    apiServerAddresses: ['127.0.0.1', '10.96.0.1'],
    nodeName: 'node1',
    nodeAddress: '10.88.0.1',
  });
  const read = (path: string): X509Certificate => new X509Certificate(readFileSync(path));
  const authority = read(certificates.authority.certificate);
  const apiServer = read(certificates.apiServer.certificate);
  const admin = read(certificates.admin.certificate);
  const kubelet = read(certificates.kubelet.certificate);

  expect(authority.ca).toBe(true);
  for (const issued of [apiServer, admin, kubelet]) expect(issued.verify(authority.publicKey)).toBe(true);
  expect(new Set([apiServer, admin, kubelet].map(({ serialNumber }) => serialNumber)).size).toBe(3);
  expect(apiServer.checkIP('127.0.0.1')).toBe('127.0.0.1');
  expect(apiServer.checkIP('10.96.0.1')).toBe('10.96.0.1');
  expect(apiServer.checkHost('kubernetes.default.svc')).toBe('kubernetes.default.svc');
  expect(admin.subject).toBe('O=system:masters\nCN=admin');
  expect(kubelet.subject).toBe('O=system:nodes\nCN=system:node:node1');
  expect(kubelet.checkIP('10.88.0.1')).toBe('10.88.0.1');

  const path = join(folder, 'kubeconfig');
  await writeKubeconfig(path, 'https://127.0.0.1:1', certificates.authority, certificates.admin);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const config = JSON.parse(readFileSync(path, 'utf8'));
  expect(config['current-context']).toBe(config.contexts[0].name);
  expect(config.clusters[0].cluster.server).toBe('https://127.0.0.1:1');
  const held = Buffer.from(config.users[0].user['client-certificate-data'], 'base64');
  expect(new X509Certificate(held).fingerprint256).toBe(admin.fingerprint256);
});
