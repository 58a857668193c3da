/** One value of a metric, as Prometheus' text format has it. */
export interface MetricSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** No metric that is looked at has more; what has is not read further. */
const MAX_LABELS = 64;

/**
 * Reads the samples of some metrics from Prometheus' text format
 * (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format). `isWanted` is asked for each name before anything
 * else of the line is read; lines that are not as the format has them are left out.
 */
export function parseMetrics(text: string, isWanted: (name: string) => boolean): MetricSample[] {
  const samples: MetricSample[] = [];
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const name = /^[A-Za-z_:][\w:]*/.exec(line)?.[0];
    if (name === undefined || !isWanted(name)) continue;
    const read = line[name.length] === '{' ? readLabels(line, name.length + 1) : { labels: {}, end: name.length };
    if (read === undefined) continue;
    const [, word = ''] = /^\s+(\S+)/.exec(line.slice(read.end)) ?? [];
    const value = word === '' ? Number.NaN : Number(word);
    if (Number.isFinite(value)) samples.push({ name, labels: read.labels, value });
  }
  return samples;
}

interface ReadLabels {
  readonly labels: Readonly<Record<string, string>>;
  /** Behind the closing brace. */
  readonly end: number;
}

/** Reads `name="value",…}` from a place on; `undefined` if it is not that. A value may hold anything, quotation marks behind a backslash. */
function readLabels(line: string, from: number): ReadLabels | undefined {
  const labels: [string, string][] = [];
  let at = from;
  while (labels.length < MAX_LABELS) {
    if (line[at] === '}') return { labels: Object.fromEntries(labels), end: at + 1 };
    const equals = line.indexOf('="', at);
    if (equals === -1) return undefined;
    let value = '';
    let next = equals + 2;
    for (; next < line.length && line[next] !== '"'; next++) {
      if (line[next] === '\\') next++;
      value += line[next] ?? '';
    }
    if (next >= line.length) return undefined;
    labels.push([line.slice(at, equals).trim(), value]);
    at = next + 1;
    if (line[at] === ',') at++;
  }
  return undefined;
}
