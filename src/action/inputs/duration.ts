export const DAY_MS = 86_400_000;
const UNITS_MS = [DAY_MS, 3_600_000, 60_000, 1_000];

/**
 * A time such as `90s`, `1h30m` or `7d` in milliseconds, days before hours before minutes before seconds; `undefined` for any
 * other text, and for more than a number can hold exactly.
 */
export function parseDuration(text: string): number | undefined {
  const match = /^(?=\d)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text);
  if (match === null) return undefined;
  const ms = UNITS_MS.reduce((sum, unit, at) => sum + Number(match[at + 1] ?? 0) * unit, 0);
  return Number.isSafeInteger(ms) ? ms : undefined;
}
