/** What the letters behind a quantity multiply it by (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/). */
const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** Reads a quantity of Kubernetes: `51234Ki` bytes, `250m` cores; `undefined` for what is none. */
export function parseQuantity(text: unknown): number | undefined {
  const [, number, unit = ''] = /^(\d{1,18}(?:\.\d{1,9})?)([A-Za-z]{0,2})$/.exec(String(text)) ?? [];
  const factor = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined;
  return number === undefined || factor === undefined ? undefined : Number(number) * factor;
}
