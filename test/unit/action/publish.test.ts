import { describe, expect, test } from '@jest/globals';
import { type Core, guardedCore } from '../../../src/action/guarded-core.ts';
import { publish } from '../../../src/action/publish.ts';
import type { Report } from '../../../src/deploy/report.ts';
import { change, deployed, found, planned, report, rollback, running, stuck } from './report-builder.ts';

/** A toolkit that keeps what it is told, a line each; a summary can be made to fail. */
function recorder(summaryFails = false): { core: Core; lines: string[]; outputs: Map<string, string> } {
  const lines: string[] = [];
  const outputs = new Map<string, string>();
  const summary = {
    addRaw: () => summary,
    write: async () => {
      if (summaryFails) throw new Error('no space left');
      return summary;
    },
  };
  const core = {
    info: (line: string) => lines.push(line),
    error: (message: string | Error, properties?: { title?: string }) =>
      lines.push(`error ${properties?.title}: ${message}`),
    warning: (message: string | Error) => lines.push(`warning ${message}`),
    group: async <T>(title: string, phase: () => Promise<T>): Promise<T> => {
      lines.push(`group ${title}`);
      return phase();
    },
    setOutput: (name: string, value: string) => outputs.set(name, value),
    summary,
  } as unknown as Core;
  return { core, lines, outputs };
}

async function published(given: Report): Promise<{ lines: string[]; code: number }> {
  const { core, lines } = recorder();
  const code = await publish(
    given,
    guardedCore(core, (text) => text),
  );
  return { lines, code };
}

describe('exit code', () => {
  const missing = planned({ missingRights: ['patch configmaps in namespace "shop"'] });
  const cases: readonly (readonly [string, Report, number])[] = [
    ['deployed', report({ targets: [deployed('shop/a')] }), 0],
    ['failed', report({ targets: [stuck('shop/a')] }), 1],
    ['planned, rights missing', report({ command: 'plan', plan: missing }), 0],
    ['a plan with problems', report({ command: 'plan', problems: [{ kind: 'cluster', message: 'refused.' }] }), 1],
  ];
  test.each(cases)('%s', async (_, given, expected) => {
    expect((await published(given)).code).toBe(expected);
  });
});

describe('log', () => {
  test('tells every problem, also of a way back that failed', async () => {
    const { lines } = await published(report({ targets: [stuck('shop/a', { rollback: rollback('failed') })] }));
    expect(lines[0]).toBe('group What is wrong');
    expect(lines[1]).toMatch(/^✗ Deployment shop\/a: not ready/);
    expect(lines[2]).toMatch(/^✗ Deployment shop\/a: was rolled back, but its pods do not become ready/);
  });

  test('ends with the verdict and what it means', async () => {
    const { lines } = await published(report({ targets: [deployed('shop/a')] }));
    expect(lines).toEqual([
      '✅ add-header deployed to 1 workload, proved in 3 proxies',
      'Every wanted pod is ready, and every proxy has revision 4f2a91c07b in its listeners.',
    ]);
  });

  test('has the plan with its differences, and no line that the runner would take for a command', async () => {
    const refused = { state: 'refused', message: 'no.' } as const;
    const changes = [
      change('change Deployment shop/a', { diff: ['+x\n::error::y'], reasons: ['edited'], admission: refused }),
    ];
    const restarts = [{ ref: { kind: 'Deployment', namespace: 'shop', name: 'a' }, pods: 3, wave: 2 }] as const;
    const { lines } = await published(report({ command: 'plan', plan: planned({ changes, restarts, waves: 2 }) }));
    expect(lines.slice(0, 4)).toEqual([
      'group Plan',
      'change Deployment shop/a (edited) REFUSED by the API server',
      '  +x ⏎ ::error::y',
      'restart Deployment shop/a (3 pods, wave 2)',
    ]);
    expect(lines.filter((line) => /^\s*::/.test(line))).toEqual([]);
  });

  test('has what runs, what others changed, and what was cleaned up', async () => {
    const status = {
      workloads: [found('shop/a', [running({ notes: ['was edited'] })])],
      namespaces: [],
      garbage: ['ConfigMap shop/x'],
    };
    expect((await published(report({ command: 'status', status }))).lines.slice(0, 5)).toEqual([
      'group Status',
      'Deployment shop/a: add-header 4f2a91c07b, proven, 3/3 ready, evidence: listener',
      '  was edited',
      'group Objects of superseded revisions',
      'ConfigMap shop/x',
    ]);
    const collected = { deleted: ['ConfigMap shop/x'], left: [{ object: 'ConfigMap shop/y', why: 'a pod runs it' }] };
    const { lines } = await published(
      report({ targets: [deployed('shop/a', { drift: ['it was edited'] })], collected }),
    );
    expect(lines.slice(0, 5)).toEqual([
      'group Changed by others',
      'it was edited (1 workload)',
      'group Objects of superseded revisions',
      'deleted ConfigMap shop/x',
      'left ConfigMap shop/y: a pod runs it',
    ]);
  });

  test('counts the lines of a section that is too long', async () => {
    const diff = Array.from({ length: 3_000 }, (_, index) => `+${index}`);
    const { lines } = await published(
      report({ command: 'plan', plan: planned({ changes: [change('change Deployment shop/a', { diff })] }) }),
    );
    expect(lines).toContain('… and 1,001 more');
  });
});

test('a summary that cannot be written is a warning, and the result stays', async () => {
  const { core, lines, outputs } = recorder(true);
  expect(await publish(report({ targets: [deployed('shop/a')] }), core)).toBe(0);
  expect(lines.at(-1)).toBe('warning The job summary could not be written: no space left');
  expect(outputs.get('result')).toBe('deployed');
});
