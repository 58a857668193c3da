import type { TestComparison } from './compare-tests.ts';
import type { EnvoyProgram } from './envoy.ts';

/**
 * docs/agreement-tests.md: every shape of a test with what it comes to, here and in real Envoys, with a filter made for it and with
 * those of the examples.
 */
export function renderTestsDocument(
  own: readonly TestComparison[],
  examples: readonly TestComparison[],
  programs: readonly EnvoyProgram[],
): string {
  const all = [...own, ...examples];
  const shapes = [...new Set(own.map(({ test }) => test))];
  const filters = [...new Set(examples.map(({ filter }) => filter))];
  const apart = all.filter(({ ours, envoy }) => ours !== envoy).length;
  const versions = programs.map(({ version }) => version);
  return `# Agreement of tests with Envoy

What the tests of a filter come to here, and what the same requests, answers, calls and expectations come to in real Envoys.

| shapes of a test | filters of the examples | Envoys | compared | they disagree |
| --: | --: | --: | --: | --: |
| ${shapes.length} | ${filters.length} | ${versions.length} | ${all.length} | ${apart} |

Each shape has a filter made for it, which does what the shape is about; and each of them is run with every filter of the examples
(${filters.join('; ')}), too, where most of what it expects does not happen, and both must find that at the same
places. Made and compared by \`npm run test:agreement\`; \`UPDATE_GOLDEN=1 npm run test:agreement\` writes it anew. Requests and answers go by
HTTP/2, where each piece of a body is a frame.

${row(['shape', 'comes to', ...versions.map((version) => `Envoy ${version}`)])}
${row(['', '', ...versions].map(() => ':--'))}
${shapes.map((shape) => row(cells(shape, own, versions))).join('\n')}
`;
}

function cells(shape: string, own: readonly TestComparison[], versions: readonly string[]): string[] {
  const found = own.filter(({ test }) => test === shape);
  const same = versions.map((version) => {
    const one = found.find(({ program }) => program === version);
    return one?.ours === one?.envoy ? 'the same' : `**${one?.envoy}**`;
  });
  return [shape, found[0]?.ours ?? '', ...same];
}

function row(texts: readonly string[]): string {
  return `| ${texts.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
}
