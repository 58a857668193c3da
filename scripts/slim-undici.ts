import type { Plugin } from 'esbuild';

/** What the action uses of undici from its start. The package's own index loads all that there is: `fetch`, caches, mocks. */
const DISPATCHERS = `
  import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';
  import api from 'undici/lib/api/index.js';
  Object.assign(Dispatcher.prototype, api);
  export { default as Agent } from 'undici/lib/dispatcher/agent.js';
  export { default as Pool } from 'undici/lib/dispatcher/pool.js';
  export { default as ProxyAgent } from 'undici/lib/dispatcher/proxy-agent.js';
  export { default as Socks5ProxyAgent } from 'undici/lib/dispatcher/socks5-proxy-agent.js';
  export { default as buildConnector } from 'undici/lib/core/connect.js';
`;
/** It brings undici's `fetch` with it, so its user is loaded late, and gets it from a module of its own. */
const WEBSOCKET_USER = /[\\/]src[\\/]cluster[\\/]websocket\.ts$/;
const WEBSOCKET = `export { WebSocket } from 'undici/lib/web/websocket/websocket.js';`;

/**
 * What undici's connections take of node:http: a bound (Node's own) and a kind of body that the action never sends. Loading node:http
 * itself loads Node's own undici with it, which takes as long as everything else of Node's.
 */
const HTTP = 'export const maxHeaderSize = 16 * 1024; export class IncomingMessage {}';
const HTTP_USERS = /[\\/]undici[\\/]lib[\\/](?:core[\\/]util|dispatcher[\\/]client)\.js$/;

const SOURCES: Readonly<Record<string, string>> = { dispatchers: DISPATCHERS, websocket: WEBSOCKET, http: HTTP };

/**
 * Gives whoever imports undici the few things of it that the action uses, all of the one undici in `root`: other packages bring older
 * ones, for calls that are never made. Where an undici has its files elsewhere, the build fails.
 */
export function slimUndici(root: string): Plugin {
  return {
    name: 'slim-undici',
    setup({ onLoad, onResolve }) {
      onResolve({ filter: /^undici$/ }, ({ importer }) => {
        return { path: WEBSOCKET_USER.test(importer) ? 'websocket' : 'dispatchers', namespace: 'slim' };
      });
      onResolve({ filter: /^node:http$/ }, ({ importer }) => {
        return HTTP_USERS.test(importer) ? { path: 'http', namespace: 'slim' } : undefined;
      });
      onLoad({ filter: /./, namespace: 'slim' }, ({ path }) => {
        return { contents: SOURCES[path] ?? '', resolveDir: root };
      });
    },
  };
}
