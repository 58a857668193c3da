/** A number of things, or a percentage of them. */
export type Share = { readonly count: number } | { readonly percent: number };

/** Reads `3` or `25%`; `undefined` for any other text. A percentage is a whole number from 0 to 100. */
export function parseShare(text: string): Share | undefined {
  const match = /^(\d{1,9})(%?)$/.exec(text);
  if (match === null) return undefined;
  const number = Number(match[1]);
  if (match[2] === '') return { count: number };
  return number <= 100 ? { percent: number } : undefined;
}

/** How many of `total` a share comes to; a percentage above 0 is rounded up, so that it never means nothing. */
export function shareOf(share: Share, total: number): number {
  return 'count' in share ? Math.min(share.count, total) : Math.ceil((share.percent * total) / 100);
}

/** `3` or `25%`. */
export function formatShare(share: Share): string {
  return 'count' in share ? String(share.count) : `${share.percent}%`;
}
