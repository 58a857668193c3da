import { expect, test } from '@jest/globals';
import { loadModule, type ModuleInputs } from '../../../../src/action/request/module.ts';
import { Diagnostics } from '../../../../src/base/problem.ts';
import { packImage } from '../../../../src/registry/pack.ts';
import { parseReference } from '../../../../src/registry/reference.ts';
import { must, wasm } from '../../builders.ts';

const notExpected = (): Promise<never> => Promise.reject(new Error('not expected'));
const tools = { checkProvenance: notExpected, fetcher: { pull: notExpected, download: notExpected } };
const reference = must(parseReference('oci://ghcr.io/me/f:v1', ''));

test('a file that is to be pushed is known as its image before that is there, shrunk as it is delivered', async () => {
  // More than a ConfigMap holds, nearly all of it in a custom section.
  const big = Buffer.concat([
    wasm(),
    Buffer.from([0, 0x80, 0x80, 0x80, 1, 1, 0x78]),
    Buffer.alloc(2 * 1024 * 1024 - 2),
  ]);
  const inputs: ModuleInputs = {
    from: { origin: { kind: 'file', path: 'build/f.wasm' }, pushTo: reference, insecureRegistries: [] },
    shrink: 'auto',
    provenance: { token: '' },
    delivery: { delivery: 'auto', phase: 'unspecified', onlyMounted: [], onlyPulled: [] },
  };
  const diagnostics = new Diagnostics();
  const { module, push } = await loadModule(inputs, async () => big, tools, diagnostics);
  expect(diagnostics.problems).toEqual([]);
  const image = await packImage(wasm());
  expect(module).toMatchObject({
    bytes: wasm(),
    source: {
      kind: 'image',
      given: 'oci://ghcr.io/me/f:v1',
      pinned: `ghcr.io/me/f@${image.digest}`,
      istioCanPull: true,
      isImage: true,
    },
  });
  expect(push).toEqual({ image, reference });
});
