/** What is checked of a filter before anything is written, in this order: first what is said of it, which is no matter of versions. */
export const FILTER_CHECKS = ['inputs', 'module', 'host-functions', 'settings', 'trial'] as const;
export type FilterCheck = (typeof FILTER_CHECKS)[number];
