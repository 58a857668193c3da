import { growthPlot } from './growth-plot.ts';
import { readResults } from './page.ts';
import { peersPlot } from './peers-plot.ts';
import { THEMES, type Theme } from './svg.ts';
import { readTimelines } from './timeline.ts';
import { timelinePlot } from './timeline-plot.ts';

/** A picture of the page, below `bench/images`. */
export interface Picture {
  readonly name: string;
  readonly draw: () => string;
}

/** Returns all pictures that can be drawn of what is kept, each for both themes. */
export function pictures(): readonly Picture[] {
  const results = readResults();
  const timelines = readTimelines();
  const longest = Math.max(...[...timelines.values()].map(({ wallMs }) => wallMs));
  const drawn: [string, (theme: Theme) => string][] = [
    ...[...timelines].map(([name, timeline]): [string, (theme: Theme) => string] => [
      `timeline-${name}`,
      (theme) => timelinePlot(timeline, longest, theme),
    ]),
  ];
  if (results !== undefined) {
    drawn.push(['peers', (theme) => peersPlot(results, 100, theme)], ['growth', (theme) => growthPlot(results, theme)]);
  }
  return drawn.flatMap(([name, draw]) =>
    THEMES.map((theme) => ({ name: `${name}-${theme.name}.svg`, draw: () => draw(theme) })),
  );
}
