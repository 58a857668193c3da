import { anchor, blocks } from '../markdown.ts';
import { connections, refusals } from './api-server.ts';
import { effects } from './effect.ts';
import { renderSection, type Section } from './entry.ts';
import { filterFiles, trials } from './filter-file.ts';
import { filterTests } from './filter-tests.ts';
import { gitHub } from './github.ts';
import { kubeconfigs } from './kubeconfig.ts';
import { otherClients } from './other-clients.ts';
import { podEvents, sidecars } from './pods.ts';
import { proxyLog, pullLog } from './proxy-log.ts';
import { registries } from './registry.ts';
import { scouts } from './scouts.ts';
import { statuses } from './status.ts';
import { targets } from './targets.ts';

/** Makes docs/troubleshooting.md: what the code itself says of each error, called with examples. */
export async function troubleshootingPage(): Promise<string> {
  const sections: readonly Section[] = [
    await kubeconfigs(),
    targets(),
    await filterFiles(),
    trials(),
    filterTests(),
    connections(),
    refusals(),
    sidecars(),
    scouts(),
    podEvents(),
    proxyLog(),
    pullLog(),
    await effects(),
    await otherClients(),
    statuses(),
    registries(),
    gitHub(),
  ];
  return `${blocks(
    '# Troubleshooting',
    'I have this error text: what does it mean, and what do I do?',
    [
      'Search this page for a part of the text that has no names in it. Each heading is an error text; where this action says more, its whole',
      'sentence follows, with names of an example. Then comes what helps, which is what the job summary of a run says, too.',
    ].join('\n'),
    sections.map(({ title }) => `- [${title}](#${anchor(title)})`).join('\n'),
    ...sections.map(renderSection),
    '<!-- Made by calling the code that makes the messages (scripts/docs/troubleshooting) by `npm run docs`; a test compares them. -->',
  )}\n`;
}
