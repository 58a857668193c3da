/** What is checked of a filter before anything is written, in this order. */
export const FILTER_CHECKS = ['module', 'host-functions', 'settings', 'trial'] as const;
export type FilterCheck = (typeof FILTER_CHECKS)[number];
