/**
 * What of `@kubernetes/client-node` is used here. Its own index loads some 850 modules of generated types and calls of the whole API
 * with it, anew for each test file; tests take this in its place (`jest.moduleNameMapper` in package.json). What is built takes the index.
 */
export { KubeConfig } from '../../../node_modules/@kubernetes/client-node/dist/config.js';
export { Exec } from '../../../node_modules/@kubernetes/client-node/dist/exec.js';
