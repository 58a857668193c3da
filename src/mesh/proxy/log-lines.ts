/** The lines that hold a text, each as what stands before and behind the first one. */
export function* cutAt(log: string, mark: string): Generator<readonly [before: string, behind: string]> {
  for (let at = log.indexOf(mark); at !== -1; ) {
    const end = log.indexOf('\n', at);
    const line = log.slice(log.lastIndexOf('\n', at) + 1, end === -1 ? undefined : end);
    const parts = cutOnce(line, mark);
    if (parts !== undefined) yield parts;
    if (end === -1) return;
    at = log.indexOf(mark, end);
  }
}

/** Returns what stands before and behind a mark; `undefined` if it is not there. */
export function cutOnce(text: string, mark: string): readonly [before: string, behind: string] | undefined {
  const at = text.indexOf(mark);
  return at === -1 ? undefined : [text.slice(0, at), text.slice(at + mark.length)];
}
