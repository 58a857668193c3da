import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { configMap, SHOP, startBed, type TestBed } from './support.ts';

let bed: TestBed;
beforeAll(async () => {
  bed = await startBed({ historyLimit: 200 });
});
afterAll(() => bed.stop());

const COLLECTION = `${SHOP}/secrets`;
const labelled = (name: string, labels: Record<string, string>) => ({ metadata: { name, labels } });

async function version(): Promise<string> {
  return (await bed.admin.get(COLLECTION)).body.metadata.resourceVersion;
}

describe('watch', () => {
  test('from a resource version: every later change and nothing before', async () => {
    await bed.admin.post(COLLECTION, labelled('before', {}));
    const watch = await bed.admin.watch(`${COLLECTION}?watch=true&resourceVersion=${await version()}`);
    await bed.admin.post(COLLECTION, labelled('a', {}));
    await bed.admin.post(`${SHOP}/configmaps`, configMap('unrelated'));
    await bed.admin.merge(`${COLLECTION}/a`, { data: { x: 'eA==' } });
    await bed.admin.delete(`${COLLECTION}/a`);
    expect([await watch.short(), await watch.short(), await watch.short()]).toEqual([
      'ADDED a',
      'MODIFIED a',
      'DELETED a',
    ]);
    watch.close();
  });

  test('events carry the type and the resource version to go on from', async () => {
    const watch = await bed.admin.watch(`${COLLECTION}?watch=true&resourceVersion=${await version()}`);
    const made = await bed.admin.post(COLLECTION, labelled('resume', {}));
    const event = await watch.next();
    expect(event).toEqual({ type: 'ADDED', object: made.body });
    watch.close();
    await bed.admin.delete(`${COLLECTION}/resume`);
    const second = await bed.admin.watch(
      `${COLLECTION}?watch=true&resourceVersion=${event.object.metadata.resourceVersion}`,
    );
    const deleted = await second.next();
    expect(deleted.type).toBe('DELETED');
    expect(Number(deleted.object.metadata.resourceVersion)).toBeGreaterThan(
      Number(event.object.metadata.resourceVersion),
    );
    second.close();
  });

  test.each(['', '&resourceVersion=0'])('without a version it starts with what is there (%j)', async (query) => {
    const name = `initial${query.length}`;
    await bed.admin.post(COLLECTION, labelled(name, {}));
    const watch = await bed.admin.watch(`${COLLECTION}?watch=true&fieldSelector=metadata.name%3D${name}${query}`);
    expect(await watch.short()).toBe(`ADDED ${name}`);
    watch.close();
  });

  test('entering and leaving a selector is being added and deleted', async () => {
    const watch = await bed.admin.watch(
      `${COLLECTION}?watch=true&labelSelector=in%3Dyes&resourceVersion=${await version()}`,
    );
    await bed.admin.post(COLLECTION, labelled('s', { in: 'no' }));
    await bed.admin.merge(`${COLLECTION}/s`, { metadata: { labels: { in: 'yes' } } });
    await bed.admin.merge(`${COLLECTION}/s`, { metadata: { labels: { more: 'x' } } });
    await bed.admin.merge(`${COLLECTION}/s`, { metadata: { labels: { in: 'no' } } });
    await bed.admin.merge(`${COLLECTION}/s`, { metadata: { labels: { in: 'yes' } } });
    await bed.admin.delete(`${COLLECTION}/s`);
    const seen = [];
    for (let count = 0; count < 5; count += 1) seen.push(await watch.next());
    expect(seen.map((event) => event.type)).toEqual(['ADDED', 'MODIFIED', 'DELETED', 'ADDED', 'DELETED']);
    expect(seen[2]?.object.metadata.labels).toEqual({ in: 'yes', more: 'x' });
    watch.close();
  });

  test('over all namespaces', async () => {
    await bed.admin.post('/api/v1/namespaces', { metadata: { name: 'second' } });
    const watch = await bed.admin.watch(`/api/v1/secrets?watch=1&resourceVersion=${await version()}`);
    await bed.admin.post('/api/v1/namespaces/second/secrets', labelled('far', {}));
    await bed.admin.post(COLLECTION, labelled('near', {}));
    expect([await watch.short(), await watch.short()]).toEqual(['ADDED far', 'ADDED near']);
    watch.close();
  });

  test('timeoutSeconds ends it, with a bookmark when wanted', async () => {
    const watch = await bed.admin.watch(
      `${COLLECTION}?watch=true&allowWatchBookmarks=true&timeoutSeconds=1&resourceVersion=${await version()}`,
    );
    const bookmark = await watch.next();
    expect(bookmark).toMatchObject({
      type: 'BOOKMARK',
      object: { kind: 'Secret', apiVersion: 'v1', metadata: { resourceVersion: await version() } },
    });
    expect(await watch.ended()).toBe(true);
  });

  test('initial events end with a marked bookmark when asked for', async () => {
    const query = 'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
    const watch = await bed.admin.watch(`/api/v1/namespaces?${query}&fieldSelector=metadata.name%3Dshop`);
    expect(await watch.short()).toBe('ADDED shop');
    expect((await watch.next()).object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
    watch.close();
  });

  test('a version whose history is gone answers 410 inside a 200 stream, and ends', async () => {
    const old = await version();
    await bed.admin.post(COLLECTION, labelled('new', {}));
    bed.cluster.compact();
    const watch = await bed.admin.watch(`${COLLECTION}?watch=true&resourceVersion=${old}`);
    expect(watch.status).toBe(200);
    expect(await watch.next()).toMatchObject({
      type: 'ERROR',
      object: {
        kind: 'Status',
        status: 'Failure',
        reason: 'Expired',
        code: 410,
        message: expect.stringMatching(/^too old resource version: \d+ \(\d+\)$/),
      },
    });
    expect(await watch.ended()).toBe(true);
  });

  test('the history is bounded', async () => {
    const old = await version();
    for (let count = 0; count < 210; count += 1)
      await bed.admin.merge(`${SHOP}/secrets/new`, { data: { n: Buffer.from(String(count)).toString('base64') } });
    const watch = await bed.admin.watch(`${COLLECTION}?watch=true&resourceVersion=${old}`);
    expect((await watch.next()).type).toBe('ERROR');
  });

  test('a selector that cannot be read is refused before the stream', async () => {
    const answer = await bed.admin.get(`${COLLECTION}?watch=true&labelSelector=%3D`);
    expect([answer.status, answer.body.reason]).toEqual([400, 'BadRequest']);
  });
});
