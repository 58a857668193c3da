import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const DOCUMENT = join(import.meta.dirname, '..', '..', 'docs', 'agreement.md');

/** What real Envoys have said, as docs/agreement.md has it. */
export interface RealEnvoys {
  /** Their versions, newest first. */
  readonly versions: readonly string[];
  /** How many filters they have judged. */
  readonly filters: number;
  /** Which of these filters all of them have served. */
  readonly served: ReadonlySet<string>;
}

/** Reads docs/agreement.md, which the suite with real Envoys writes. */
export function readAgreement(): RealEnvoys {
  const lines = readFileSync(DOCUMENT, 'utf8').split('\n');
  const rows = lines.filter((line) => line.startsWith('| ')).map((line) => line.split(' | ').map(withoutBars));
  const [head = []] = rows.filter(([first]) => first === 'filter');
  const versions = head.flatMap((cell) => (cell.startsWith('Envoy ') ? [cell.slice('Envoy '.length)] : []));
  const verdicts = rows.filter(
    (cells) => cells.length === head.length && ['yes', 'left to Envoy', '**no**'].includes(cells[4] ?? ''),
  );
  // The last column is empty or about the check where the older one does the same.
  const served = verdicts.filter(
    ([, , , newest, , older]) => /^serves/.test(newest ?? '') && !/rejects:/.test(older ?? ''),
  );
  return { versions, filters: verdicts.length, served: new Set(served.map(([name = '']) => name)) };
}

function withoutBars(cell: string): string {
  return cell.replace(/^\| /, '').replace(/ ?\|$/, '').trim();
}
