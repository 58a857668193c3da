import { describe, expect, test } from '@jest/globals';
import { apart, growthPlot } from '../../../bench/report/growth-plot.ts';
import { DRAWN, peersPlot } from '../../../bench/report/peers-plot.ts';
import { CHARACTER, FONT, THEMES, WIDTH } from '../../../bench/report/svg.ts';
import { timelinePlot } from '../../../bench/report/timeline-plot.ts';
import { makeResults } from './results.ts';

interface Box {
  readonly words: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** About where the texts of a picture are. */
function textsOf(svg: string): Box[] {
  return [...svg.matchAll(/<text x="([\d.]+)" y="([\d.]+)"[^>]*text-anchor="(\w+)"[^>]*>([^<]*)</g)].map(
    ([, x = '', y = '', anchor, text = '']) => {
      const words = text.replace(/&\w+;/g, '&');
      const width = words.length * CHARACTER;
      const left = Number(x) - (anchor === 'end' ? width : anchor === 'middle' ? width / 2 : 0);
      return { words, left, right: left + width, top: Number(y) - FONT * 0.75, bottom: Number(y) + FONT * 0.2 };
    },
  );
}

/** The pairs of texts that lie on each other, and texts that stand out of the picture. */
function wrongIn(svg: string): string[] {
  const boxes = textsOf(svg);
  const height = Number(/viewBox="0 0 \d+ (\d+)"/.exec(svg)?.[1]);
  const out = boxes.filter(({ left, right, top, bottom }) => left < 0 || right > WIDTH || top < 0 || bottom > height);
  const onEachOther = boxes.flatMap((one, index) =>
    boxes
      .slice(index + 1)
      .filter(
        (other) => one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom,
      )
      .map((other) => `${one.words} / ${other.words}`),
  );
  return [...out.map(({ words }) => `${words} is out`), ...onEachOther];
}

const subjects = DRAWN.map(([subject]) => subject);
/** Figures that lie close together, as the limit and the best do, and far apart. */
const RESULTS = makeResults(
  [1, 10, 100, 1_000].flatMap((workloads) =>
    subjects.slice(0, workloads > 100 ? 7 : undefined).map((subject, index) => ({
      subject,
      operation: 'deploy' as const,
      workloads,
      wallMs: workloads * (5 + index ** 3) + 60 * index,
    })),
  ),
);
const REQUESTS = Array.from({ length: 120 }, (_, index) => ({
  kind: index < 20 ? ('read' as const) : index === 20 ? ('watch' as const) : ('write' as const),
  beganMs: 200 + index * 5,
  endedMs: 230 + index * 6,
}));
const PICTURES = {
  peers: (theme: (typeof THEMES)[number]) => peersPlot(RESULTS, 100, theme),
  growth: (theme: (typeof THEMES)[number]) => growthPlot(RESULTS, theme),
  timeline: (theme: (typeof THEMES)[number]) =>
    timelinePlot({ workloads: 100, commit: 'abc', wallMs: 990, requests: REQUESTS }, 990, theme),
  'timeline of a shorter run': (theme: (typeof THEMES)[number]) =>
    timelinePlot({ workloads: 100, commit: 'abc', wallMs: 990, requests: REQUESTS }, 7_000, theme),
};

describe.each(Object.entries(PICTURES))('%s', (_, draw) => {
  test.each(THEMES.map((theme) => [theme.name, theme] as const))('is %s, and its texts are apart', (__, theme) => {
    const svg = draw(theme);
    expect(textsOf(svg).length).toBeGreaterThan(8);
    expect(wrongIn(svg)).toEqual([]);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    expect(svg).toContain(theme.text);
  });
});

test('pictures of both themes differ in nothing but colours', () => {
  const [light, dark] = THEMES.map((theme) => peersPlot(RESULTS, 100, theme).replace(/#[0-9a-f]{6}/g, '#'));
  expect(light).toBe(dark);
});

test('labels are moved apart, as little as needed, in their order, and stay in the picture', () => {
  expect(apart([10, 50], 20, 0, 100)).toEqual([10, 50]);
  expect(apart([30, 40], 20, 0, 100)).toEqual([25, 45]);
  expect(apart([30, 28, 29, 100], 20, 0, 100).map(Math.round)).toEqual([49, 9, 29, 100]);
  expect(apart([1, 2, 99, 100], 20, 0, 100).map(Math.round)).toEqual([0, 20, 80, 100]);
});
