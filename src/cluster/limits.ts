/** What one answer of an API server, or what it forwards, may be like. A limit that is passed is a failure of its own; nothing is cut silently. */

const MIB = 1024 * 1024;

/** The most bytes of an answer. Bytes are counted as they come, whatever the server announces; no encoding is asked for or undone. */
export const MAX_BYTES = {
  /** One page of a list: 500 objects of which each is 128 KiB. */
  page: 64 * MIB,
  /** One whole list; 5,000 workloads have some 50 MiB. */
  list: 256 * MIB,
  /** One object: etcd takes 1.5 MiB, the API server requests of 3 MiB (k8s.io/apiserver, MaxRequestBodyBytes); Go writes some characters longer than they came. */
  object: 8 * MIB,
  /** What is looked at for a few words: a version, an answer to a question for a permission, an error, an answer to a probe. */
  words: MIB,
  /** Statistics of a proxy, which grow with its mesh. */
  statistics: 16 * MIB,
  /** What a command in a container writes: the listeners of a proxy. */
  output: 64 * MIB,
  /** One event of a watch, which holds one object. */
  event: 8 * MIB,
  /** All events of one watch, which ends after 20 s; what is more is listed anew. */
  events: 64 * MIB,
} as const;

/** client-go pages lists by 500 (k8s.io/client-go, tools/pager). */
export const PAGE_SIZE = 500;
/** 50,000 objects of a kind in a namespace: Kubernetes is made for 3,000 pods there (kubernetes/community, scalability thresholds). */
export const MAX_PAGES = 100;
/** How often a list is begun anew whose place is gone (410): etcd is compacted every 5 minutes. */
export const MAX_LIST_STARTS = 3;

/** The longest time for one attempt to the end of its answer, in milliseconds; short enough for another one on a new connection. */
export const ATTEMPT_MS = 12_000;
/** For one whole list, however many pages: ten pages of 2 s, and half as much again. */
export const LIST_MS = 30_000;
/** So many lists at once; the rest waits for its turn, and its time does not run meanwhile. */
export const PARALLEL_LISTS = 8;
/** Commands in pods that run at the same time: each is a connection of its own, through the API server to a kubelet. */
export const PARALLEL_EXECS = 8;
