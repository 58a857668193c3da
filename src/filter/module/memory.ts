/**
 * The most pages of 64 KiB that Envoy gives to a memory, 1 GiB: it refuses a module that wants more from the start, and a
 * memory does not grow beyond it. Tried on Envoy 1.36.2 and 1.40.0 with memories of 32 and 64 bits, shared and imported ones.
 */
export const MAX_MEMORY_PAGES = 16_384;

/** Bytes in a page. */
export const PAGE_BYTES = 65_536;

/** The oldest minor version of Envoy 1 on which the cap was tried. */
export const MEMORY_CAP_SINCE = 36;
