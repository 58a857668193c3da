/**
 * What is checked of a filter before anything is written, in this order: first what is said of it, which is no matter of versions; `tests`
 * are those that its author has written.
 */
export const FILTER_CHECKS = ['inputs', 'module', 'host-functions', 'settings', 'trial', 'tests'] as const;
export type FilterCheck = (typeof FILTER_CHECKS)[number];
