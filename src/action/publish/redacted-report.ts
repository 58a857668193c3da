import type { Redact } from '../../base/redaction/redactor.ts';
import type { Report } from '../../deploy/report/report.ts';

/**
 * A report without the secrets that are known by now, in any of its texts: before a page, an annotation or an output cuts and escapes
 * them. The error behind a problem is left as it is; only debug lines have it.
 */
export function redactedReport(report: Report, redact: Redact): Report {
  const known = new Map<string, string>();
  const text = (value: string): string => {
    const found = known.get(value);
    if (found !== undefined) return found;
    const redacted = redact(value);
    known.set(value, redacted);
    return redacted;
  };
  const walk = (value: unknown): unknown => {
    if (typeof value === 'string') return text(value);
    if (Array.isArray(value)) return value.map(walk);
    if (!isPlain(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [text(key), key === 'cause' ? inner : walk(inner)]),
    );
  };
  return walk(report) as Report;
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
