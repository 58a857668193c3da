/** The colours of a picture, for a page of one lightness. Those of the marks are told apart without red and green, too (Okabe, Ito). */
export interface Theme {
  readonly name: 'light' | 'dark';
  readonly text: string;
  readonly faint: string;
  readonly ours: string;
  readonly limit: string;
  readonly others: string;
}

export const THEMES: readonly Theme[] = [
  { name: 'light', text: '#1f2328', faint: '#d1d9e0', ours: '#0072b2', limit: '#b35900', others: '#59636e' },
  { name: 'dark', text: '#f0f6fc', faint: '#3d444d', ours: '#56b4e9', limit: '#e69f00', others: '#9198a1' },
];

/** All pictures have this width, of which a narrow page shows two thirds: texts of this size are read there, too. */
export const WIDTH = 760;
export const FONT = 17;
/** About what a character of that size takes. */
export const CHARACTER = FONT * 0.53;

type Attributes = Readonly<Record<string, string | number>>;

/** Returns an element. */
export function element(name: string, attributes: Attributes, content = ''): string {
  const list = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${typeof value === 'number' ? Math.round(value * 10) / 10 : escaped(value)}"`,
  );
  return content === '' ? `<${name}${list.join('')}/>` : `<${name}${list.join('')}>${content}</${name}>`;
}

/** Returns a text; `anchor` says which end of it is at the place. */
export function text(
  x: number,
  y: number,
  words: string,
  fill: string,
  anchor: 'start' | 'middle' | 'end' = 'start',
  more: Attributes = {},
): string {
  return element('text', { x, y, fill, 'text-anchor': anchor, ...more }, escaped(words));
}

export function line(x1: number, y1: number, x2: number, y2: number, stroke: string, more: Attributes = {}): string {
  return element('line', { x1, y1, x2, y2, stroke, ...more });
}

/** Returns a whole picture, with the words that those get who do not see it. */
export function picture(height: number, label: string, parts: readonly string[]): string {
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${WIDTH} ${Math.ceil(height)}`,
    role: 'img',
    'aria-label': label,
    'font-family': '-apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif',
    'font-size': FONT,
  };
  return `${element('svg', attributes, `\n${parts.join('\n')}\n`)}\n`;
}

/** Returns a place on a logarithmic axis. */
export function logScale(from: number, to: number, start: number, end: number): (value: number) => number {
  const [low, high] = [Math.log10(from), Math.log10(to)];
  return (value) => start + ((Math.log10(value) - low) / (high - low)) * (end - start);
}

/** Returns the powers of ten around values. */
export function decades(values: readonly number[]): number[] {
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.ceil(Math.log10(Math.max(...values)));
  return Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index));
}

/** Returns seconds with two digits that count. */
export function seconds(ms: number): string {
  const value = ms / 1000;
  return `${value >= 100 ? Math.round(value) : value >= 9.95 ? value.toFixed(1) : value.toFixed(2)} s`;
}

function escaped(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
