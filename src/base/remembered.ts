/**
 * Returns a reader that remembers what another one gave for the texts that it was last asked for: the same annotation is read for each
 * filter of a workload, and many workloads have the same. For readers whose result depends on the text alone and is changed by nobody.
 * @param max how many texts are remembered
 */
export function remembered<R extends object>(read: (text: string) => R, max: number): (text: string) => R {
  const known = new Map<string, R>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const result = read(text);
    if (known.size >= max) known.clear();
    known.set(text, result);
    return result;
  };
}
