/** The most of what a test may have. More is a mistake, or would take a runner's memory and time. */
export const MAX_TESTS = 1_000;
export const MAX_NAME_CHARACTERS = 200;
export const MAX_STEPS = 100;
export const MAX_REPEAT = 1_000;
export const MAX_TICKS = 1_000;
export const MAX_CALLS = 100;
export const MAX_LINES = 100;
export const MAX_CHUNKS = 1_000;
/** Of one message; Envoy refuses more than 100 by default, and a test may try that. */
export const MAX_HEADERS = 200;
/** Bytes of a body; what Envoy buffers by default is 1 MiB. */
export const MAX_BODY_BYTES = 4_194_304;
