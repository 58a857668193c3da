import type { ListClient } from '../kubelet/cache.ts';
import { readBody, readEvents } from '../kubelet/client.ts';
import type { Api } from './api.ts';

/** What a cache of the kubelet's lists and watches through, in the name of the test. */
export function listClientOf({ dispatcher, server, headers }: Api): ListClient {
  const get = (path: string, signal?: AbortSignal): ReturnType<Api['dispatcher']['request']> =>
    dispatcher.request({ origin: server, path, method: 'GET', headers, bodyTimeout: 0, ...(signal ? { signal } : {}) });
  return {
    call: async (_method, path) => {
      const { statusCode, body } = await get(path);
      return { status: statusCode, body: readBody(await body.text()) };
    },
    watch: async function* (path, signal) {
      const { statusCode, body } = await get(path, signal);
      if (statusCode !== 200) throw new Error(`watch ${path}: HTTP ${statusCode}: ${await body.text()}`);
      yield* readEvents(body);
    },
  };
}
