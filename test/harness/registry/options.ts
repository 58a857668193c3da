import type { RegistriesOptions } from '../../../src/registry/registries.ts';

/** What registries need of a world that has nothing in it: no files, no helpers, no logins. */
export function registriesOptions(over: Partial<RegistriesOptions> = {}): RegistriesOptions {
  return {
    userAgent: 'test',
    environment: {},
    insecureHosts: [],
    signal: new AbortController().signal,
    debug: () => undefined,
    readFile: () => Promise.reject(Object.assign(new Error('no file'), { code: 'ENOENT' })),
    runHelper: () => Promise.reject(new Error('no helper')),
    mask: () => undefined,
    ...over,
  };
}
