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
 * What undici's connections would load for what this action never does: node:http for a bound (Node's own) and a kind of body, HTTP/2
 * (nobody offers it to a server), and bodies that are forms, with the whole of `fetch` behind them. Loading node:http itself loads Node's
 * own undici with it, which takes as long as everything else of Node's.
 */
const STAND_INS: readonly { readonly path: RegExp; readonly importer: RegExp; readonly source: string }[] = [
  {
    path: /^node:http$/,
    importer: /[\\/]undici[\\/]lib[\\/](?:core[\\/]util|dispatcher[\\/]client)\.js$/,
    source: 'export const maxHeaderSize = 16 * 1024; export class IncomingMessage {}',
  },
  {
    path: /\/client-h2\.js$/,
    importer: /[\\/]undici[\\/]lib[\\/]dispatcher[\\/]client\.js$/,
    source: "module.exports = () => { throw new Error('HTTP/2 is not offered'); };",
  },
  {
    path: /\/web\/(?:fetch\/(?:body(?:\.js)?|formdata)|webidl)$/,
    importer: /[\\/]undici[\\/]lib[\\/](?:core[\\/]request|dispatcher[\\/]client-h1)\.js$/,
    source: 'module.exports = { webidl: { is: { FormData: () => false } } };',
  },
];

const SOURCES: Readonly<Record<string, string>> = {
  dispatchers: DISPATCHERS,
  websocket: WEBSOCKET,
  ...Object.fromEntries(STAND_INS.map(({ source }, index) => [`stand-in-${index}`, source])),
};

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
      STAND_INS.forEach(({ path, importer: users }, index) => {
        onResolve({ filter: path }, ({ importer }) => {
          return users.test(importer) ? { path: `stand-in-${index}`, namespace: 'slim' } : undefined;
        });
      });
      onLoad({ filter: /./, namespace: 'slim' }, ({ path }) => {
        return { contents: SOURCES[path] ?? '', resolveDir: root };
      });
    },
  };
}
