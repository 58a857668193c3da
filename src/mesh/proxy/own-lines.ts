/** What Envoy, by Istio's `--log-format`, and istio-agent begin their lines with. */
const BEGIN = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z\t\w{1,16}\t/;

/**
 * Returns what Envoy and istio-agent say themselves in a proxy's log, without the access logs, in which clients may say what they like,
 * but not how a line begins. What Envoy says goes on until its line with the thread, as a stack does.
 */
export function ownLines(log: string): string {
  let goesOn = false;
  const lines = log.split('\n').filter((line) => {
    const begin = BEGIN.exec(line)?.[0];
    if (begin !== undefined) goesOn = line.startsWith('envoy ', begin.length);
    const isOwn = begin !== undefined || goesOn;
    if (line.includes('\tthread=')) goesOn = false;
    return isOwn;
  });
  return lines.join('\n');
}

/** Returns the lines of a log that begin with a time, each with those that go on with it. */
export function entriesIn(log: string): string[] {
  const entries: string[][] = [];
  for (const line of log.split('\n')) {
    const last = entries.at(-1);
    if (last === undefined || BEGIN.test(line)) entries.push([line]);
    else last.push(line);
  }
  return entries.map((lines) => lines.join('\n'));
}
