/** Returns a share for a reader: `0%`, `0.4%`, `12%`. */
export function formatShareOf(part: number, all: number): string {
  const percent = all === 0 ? 0 : (100 * part) / all;
  if (percent === 0) return '0%';
  if (percent < 0.1) return '<0.1%';
  return `${percent < 10 ? percent.toFixed(1) : Math.round(percent)}%`;
}
