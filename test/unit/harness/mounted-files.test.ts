import { describe, expect, test } from '@jest/globals';
import { readMountedFiles } from '../../harness/sidecar/mounted-files.ts';
import type { ApiObject } from '../../kubelet/client.ts';
import { podWith } from './builders.ts';

const MODULE = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]).toString('base64');
const CONFIG_MAPS: Readonly<Record<string, ApiObject>> = {
  code: {
    metadata: { name: 'code' },
    binaryData: { 'a.wasm': MODULE, 'junk.wasm': Buffer.from('junk').toString('base64') },
    data: { readme: 'text' },
  },
};
const VOLUME = [{ name: 'v', configMap: { name: 'code' } }];
const MOUNT = [{ name: 'v', mountPath: '/wasm/', readOnly: true }];

const annotated = (volumes: unknown, mounts: unknown): ApiObject =>
  podWith({
    'sidecar.istio.io/userVolume': JSON.stringify(volumes),
    'sidecar.istio.io/userVolumeMount': JSON.stringify(mounts),
  });
const byHand = podWith(
  {},
  {
    volumes: VOLUME,
    initContainers: [],
    containers: [{ name: 'app' }, { name: 'istio-proxy', volumeMounts: MOUNT }],
  },
);

describe('what a proxy finds at a path', () => {
  test.each<[string, ApiObject, string, string]>([
    ['a module', annotated(VOLUME, MOUNT), '/wasm/a.wasm', 'wasm'],
    ['a module, annotations as objects', annotated({ v: VOLUME[0] }, { v: MOUNT[0] }), '/wasm/a.wasm', 'wasm'],
    ['a module that the container mounts itself', byHand, '/wasm/a.wasm', 'wasm'],
    ['a key that is not there', annotated(VOLUME, MOUNT), '/wasm/b.wasm', 'absent'],
    ['bytes that are no module', annotated(VOLUME, MOUNT), '/wasm/junk.wasm', 'other'],
    ['text', annotated(VOLUME, MOUNT), '/wasm/readme', 'other'],
    ['another folder', annotated(VOLUME, MOUNT), '/wasm2/a.wasm', 'absent'],
    ['no mount', annotated(VOLUME, []), '/wasm/a.wasm', 'absent'],
    ['annotations that are no JSON', podWith({ 'sidecar.istio.io/userVolumeMount': '[{' }), '/wasm/a.wasm', 'absent'],
    [
      'a key under another name',
      annotated([{ name: 'v', configMap: { name: 'code', items: [{ key: 'a.wasm', path: 'b.wasm' }] } }], MOUNT),
      '/wasm/b.wasm',
      'wasm',
    ],
    [
      'a key that the volume leaves out',
      annotated([{ name: 'v', configMap: { name: 'code', items: [{ key: 'readme', path: 'readme' }] } }], MOUNT),
      '/wasm/a.wasm',
      'absent',
    ],
    [
      'a single file',
      annotated(VOLUME, [{ name: 'v', mountPath: '/filter.wasm', subPath: 'a.wasm' }]),
      '/filter.wasm',
      'wasm',
    ],
    ['a volume of another kind', annotated([{ name: 'v', emptyDir: {} }], MOUNT), '/wasm/a.wasm', 'wasm'],
    [
      'a ConfigMap that is gone by now',
      annotated([{ name: 'v', configMap: { name: 'gone' } }], MOUNT),
      '/wasm/a.wasm',
      'wasm',
    ],
  ])('%s', async (_case, pod, path, content) => {
    const files = await readMountedFiles(pod, async (name) => CONFIG_MAPS[name]);
    expect(files(path)).toBe(content);
  });
});
