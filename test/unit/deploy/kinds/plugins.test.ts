import { afterEach, describe, expect, test } from '@jest/globals';
import type { ApiError } from '../../../../src/cluster/errors.ts';
import { PluginLister } from '../../../../src/deploy/kinds/plugins.ts';
import { renderWasmPlugin } from '../../../../src/mesh/objects/wasm-plugin.ts';
import { pulledRevision } from '../../builders.ts';
import { type ApiServer, type Reply, refusal, startApiServer } from '../../cluster/api-server.ts';

let server: ApiServer | undefined;
afterEach(() => server?.close());

const listOf = (...items: readonly object[]): Reply => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ metadata: { resourceVersion: '1' }, items }),
});
const ABSENT: Reply = { status: 404, headers: { 'content-type': 'text/plain' }, body: '404 page not found\n' };
const FORBIDDEN = refusal(403, 'Forbidden', 'no');
const PLURALS = /\/(wasmplugins|trafficextensions)\?/;

/** An API server that answers a list by the plural and the namespace. */
async function listerOf(answer: (plural: string, namespace: string) => Reply): Promise<PluginLister> {
  server = await startApiServer({
    answer: ({ path }) => answer(PLURALS.exec(path)?.[1] ?? '', /\/namespaces\/([^/]+)/.exec(path)?.[1] ?? ''),
  });
  return new PluginLister(server.client());
}
const asked = (): string[] => (server?.seen ?? []).map(({ path }) => PLURALS.exec(path)?.[1] ?? path);
const statusOf = async (list: Promise<unknown>): Promise<number> =>
  list.then(
    () => 200,
    (error: ApiError) => error.status,
  );

describe('PluginLister', () => {
  test('asks a cluster that has WasmPlugins for nothing else', async () => {
    const lister = await listerOf((plural) => (plural === 'wasmplugins' ? listOf() : ABSENT));
    expect(lister.kind).toBe('WasmPlugin');
    expect([await lister.list('shop'), await lister.list('edge')]).toEqual([[], []]);
    expect([lister.kind, asked()]).toEqual(['WasmPlugin', ['wasmplugins', 'wasmplugins']]);
  });

  test('finds out once that a cluster has none, and reads what it has as one', async () => {
    const plugin = renderWasmPlugin(pulledRevision(), 'shop', 'TrafficExtension');
    const { url, failStrategy, ...place } = plugin.spec;
    const kept = { metadata: plugin.metadata, spec: { ...place, wasm: { url, failStrategy } } };
    const lister = await listerOf((plural) => (plural === 'wasmplugins' ? ABSENT : listOf(kept)));
    expect(await lister.list('shop')).toEqual([plugin]);
    await lister.list('edge');
    expect([lister.kind, asked()]).toEqual([
      'TrafficExtension',
      ['wasmplugins', 'trafficextensions', 'trafficextensions'],
    ]);
  });

  test('says 404 where a cluster has neither', async () => {
    const lister = await listerOf(() => ABSENT);
    expect(await statusOf(lister.list('shop'))).toBe(404);
    expect([lister.kind, asked()]).toEqual(['WasmPlugin', ['wasmplugins', 'trafficextensions']]);
  });

  test('takes no refusal for an answer: it asks the next namespace anew', async () => {
    const lister = await listerOf((plural, namespace) => {
      if (namespace === 'shop') return FORBIDDEN;
      return plural === 'wasmplugins' ? ABSENT : listOf();
    });
    expect(await statusOf(lister.list('shop'))).toBe(403);
    expect(await statusOf(lister.list('edge'))).toBe(200);
    expect([lister.kind, asked()]).toEqual(['TrafficExtension', ['wasmplugins', 'wasmplugins', 'trafficextensions']]);
  });

  test('does not change its mind once it knows', async () => {
    let there = true;
    const lister = await listerOf((plural) => (there && plural === 'wasmplugins' ? listOf() : ABSENT));
    await lister.list('shop');
    there = false;
    expect(await statusOf(lister.list('edge'))).toBe(404);
    expect([lister.kind, asked()]).toEqual(['WasmPlugin', ['wasmplugins', 'wasmplugins']]);
  });
});
