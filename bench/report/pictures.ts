import type { GeneratedFile } from '../../scripts/docs/generated-file.ts';
import { growthPlot } from './growth-plot.ts';
import { readResults, withFigures } from './page.ts';
import { peersPlot } from './peers-plot.ts';
import { THEMES, type Theme } from './svg.ts';
import { readTimelines } from './timeline.ts';
import { timelinePlot } from './timeline-plot.ts';

/** Returns the page and all pictures that can be made of the figures that are kept, each picture for both themes. */
export function benchPages(): readonly GeneratedFile[] {
  const results = readResults();
  const timelines = readTimelines();
  const longest = Math.max(...[...timelines.values()].map(({ wallMs }) => wallMs));
  const drawn: [string, (theme: Theme) => string][] = [...timelines].map(([name, timeline]) => [
    `timeline-${name}`,
    (theme) => timelinePlot(timeline, longest, theme),
  ]);
  if (results !== undefined) {
    drawn.push(['peers', (theme) => peersPlot(results, 100, theme)], ['growth', (theme) => growthPlot(results, theme)]);
  }
  const pictures = drawn.flatMap(([name, draw]) =>
    THEMES.map((theme) => ({ path: `bench/images/${name}-${theme.name}.svg`, make: () => draw(theme) })),
  );
  return [{ path: 'bench/README.md', make: withFigures }, ...pictures];
}
