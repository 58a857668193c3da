import { describe, expect, test } from '@jest/globals';
import type { Crash } from '../../../../src/action/crash/last-words.ts';
import { publish } from '../../../../src/action/publish/publish.ts';
import type { CommandFile } from '../../../../src/action/runner/command-files.ts';
import { type Core, guardedCore } from '../../../../src/action/runner/guarded-core.ts';
import { NO_PROGRESS } from '../../../../src/action/runner/progress.ts';
import type { Report } from '../../../../src/deploy/report/report.ts';
import { change, deployed, found, permission, planned, report, rollback, running, stuck } from '../report-builder.ts';

/** A toolkit that keeps what it is told, a line each. */
function recorder(): { core: Core; lines: string[] } {
  const lines: string[] = [];
  const core: Core = {
    debug: (line) => lines.push(line),
    isDebug: () => false,
    info: (line) => lines.push(line),
    error: (message, properties) => lines.push(`error ${properties?.title}: ${message}`),
    notice: (message, properties) => lines.push(`notice ${properties?.title}: ${message}`),
    warning: (message, properties) => lines.push(`warning ${properties?.title}: ${message}`),
    group: async (title, phase) => {
      lines.push(`group ${title}`);
      return phase();
    },
  };
  return { core, lines };
}

/** A file of the runner; with a fault it refuses everything. */
function file(fault?: string, size = 0): CommandFile & { text: string } {
  return {
    text: '',
    size: () => size,
    append(text) {
      if (fault !== undefined) throw new Error(fault);
      this.text += text;
    },
  };
}

const PAGE = '/temp/page.md';

type Recorded = ReturnType<typeof file>;

interface Files {
  readonly outputs?: Recorded;
  readonly summary?: Recorded;
  readonly page?: Recorded;
}

interface Published {
  readonly lines: string[];
  readonly code: number;
  readonly outputs: string;
  readonly summary: string;
}

async function published(
  given: Report,
  { outputs = file(), summary = file(), page }: Files = {},
  crash?: Crash,
): Promise<Published> {
  const { core, lines } = recorder();
  const code = await publish(
    given,
    guardedCore(core, (text) => text),
    { outputs, summary, page: page && { path: PAGE, size: () => page.size(), append: (text) => page.append(text) } },
    crash === undefined ? {} : { crash },
  );
  return { lines, code, outputs: outputs.text, summary: summary.text };
}

const annotations = ({ lines }: Published): string[] => lines.filter((line) => /^(error|warning) /.test(line));

describe('exit code', () => {
  const missing = planned({ missingPermissions: [permission('patch configmaps in namespace "shop"')] });
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

/** The value of an output, as the runner reads it. */
const outputOf = ({ outputs }: Published, name: string): string | undefined =>
  new RegExp(`^${name}<<(\\S+)\\n([\\s\\S]*?)\\n\\1$`, 'm').exec(outputs)?.[2];

describe('for messages', () => {
  const crash: Crash = { how: 'it fell', cause: 'x', progress: NO_PROGRESS };

  test('a line, and the page that the job summary has', async () => {
    const page = file();
    const run = await published(report({ targets: [deployed('shop/a')] }), { page });
    expect(outputOf(run, 'headline')).toBe('✅ add-header deployed to 1 workload, verified in 3 proxies');
    expect(outputOf(run, 'summary-file')).toBe(PAGE);
    expect(page.text).toBe(run.summary);
    expect(page.text).toMatch(/^## ✅ add-header deployed/);
  });

  test('of a run that broke off', async () => {
    const page = file();
    const run = await published(report({ targets: [deployed('shop/a')] }), { page }, crash);
    expect(outputOf(run, 'headline')).toBe('❌ The run broke off: it fell');
    expect(page.text).toMatch(/^## ❌ The run broke off: it fell/);
  });

  test('the whole page, also where the job summary has no room for it', async () => {
    const page = file();
    await published(report({ targets: [deployed('shop/a')] }), { page, summary: file(undefined, 1_048_000) });
    expect(page.text).toMatch(/^## ✅ add-header deployed[\s\S]*Deployment shop/);
  });

  test('a title and a body that GitHub takes as an issue', async () => {
    const page = file();
    const many = Array.from({ length: 3_000 }, (_, index) => deployed(`shop/${'a'.repeat(40)}-${index}`));
    const run = await published(report({ targets: many }), { page });
    expect(run.summary.length).toBeGreaterThan(65_536);
    expect(page.text.length).toBeLessThanOrEqual(65_536);
    expect(page.text).toMatch(/… and [\d,]+ more/);
    const long = await published(report({}), {}, { ...crash, how: 'it fell '.repeat(100) });
    expect(outputOf(long, 'headline')).toMatch(/^.{200,256}$/);
  });

  test('no path where there is no file', async () => {
    const refused = await published(report({ targets: [deployed('shop/a')] }), { page: file('disk full') });
    expect(outputOf(refused, 'summary-file')).toBe('');
    expect(annotations(refused)).toEqual([expect.stringContaining('"summary-file" could not be written: disk full.')]);
    expect(refused.code).toBe(0);
    expect(outputOf(await published(report({})), 'summary-file')).toBe('');
  });
});

describe('log', () => {
  test('has a problem once that several targets have at one place', async () => {
    const problem = { kind: 'input' as const, subject: 'a.yaml:3:5: filters[0].configuration', message: 'is empty.' };
    const { lines } = await published(report({ problems: [problem, problem, { ...problem, message: 'is long.' }] }));
    expect(lines.filter((line) => line.startsWith('✗'))).toEqual([
      '✗ a.yaml:3:5: filters[0].configuration is empty.',
      '✗ a.yaml:3:5: filters[0].configuration is long.',
    ]);
  });

  test('tells every problem, also of a rollback that failed', async () => {
    const { lines } = await published(report({ targets: [stuck('shop/a', { rollback: rollback('failed') })] }));
    expect(lines[0]).toBe('group Problems');
    expect(lines[1]).toMatch(/^✗ Deployment shop\/a: not ready/);
    expect(lines[2]).toMatch(/^✗ Deployment shop\/a was rolled back, but its pods do not become ready/);
  });

  test('tells all that is missing in one list, and where the Role is', async () => {
    const missingPermissions = ['create', 'patch'].flatMap((verb) =>
      ['configmaps', 'envoyfilters.networking.istio.io'].map((resource) => ({
        ...permission(`${verb} ${resource} in namespace "shop"`),
        user: 'jane',
      })),
    );
    const { lines } = await published(report({ command: 'plan', plan: planned({ missingPermissions }) }));
    expect(lines.slice(0, 5)).toEqual([
      'group Problems',
      '✗ The kubeconfig user "jane" cannot:',
      '    create and patch configmaps in namespace "shop"',
      '    create and patch envoyfilters.networking.istio.io in namespace "shop"',
      '  Apply the Role that the job summary shows.',
    ]);
    expect(annotations({ lines } as Published)[0]).toContain(
      'The kubeconfig user "jane" cannot create and patch configmaps in namespace "shop"; create and patch envoyfilters.networking.istio.io in namespace "shop". Apply the Role that the job summary shows.',
    );
  });

  test('ends with the verdict and what it means', async () => {
    const { lines } = await published(report({ targets: [deployed('shop/a')] }));
    expect(lines).toEqual([
      '✅ add-header deployed to 1 workload, verified in 3 proxies',
      'All pods are ready, and every proxy has revision 4f2a91c07b in its listeners.',
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
      'change Deployment shop/a (edited) REJECTED by the API server',
      '  +x ⏎ ::error::y',
      'restart Deployment shop/a (3 pods, wave 2)',
    ]);
    expect(lines.filter((line) => /^\s*::/.test(line))).toEqual([]);
  });

  test('has what runs, what others changed, and what was cleaned up', async () => {
    const status = {
      state: 'read' as const,
      workloads: [found('shop/a', [running({ notes: [{ text: 'was edited' }] })])],
      namespaces: [],
      garbage: ['ConfigMap shop/x'],
    };
    expect((await published(report({ command: 'status', status }))).lines.slice(0, 5)).toEqual([
      'group Status',
      'Deployment shop/a: add-header 4f2a91c07b, verified, 3/3 ready, evidence: listener',
      '  was edited.',
      'group Objects of superseded revisions',
      'ConfigMap shop/x',
    ]);
    const collected = { deleted: ['ConfigMap shop/x'], left: [{ object: 'ConfigMap shop/y', why: 'a pod runs it' }] };
    const { lines } = await published(
      report({ targets: [deployed('shop/a', { drift: ['it was edited'] })], collected }),
    );
    expect(lines.slice(0, 5)).toEqual([
      'group Drift',
      'it was edited (1 workload)',
      'group Unused objects',
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

describe('what cannot be published', () => {
  const good = report({ targets: [deployed('shop/a')] });
  const bad = report({ targets: [stuck('shop/a')] });
  /** A report of which something cannot be told. */
  const hurt = (given: Report, part: string): Report =>
    Object.defineProperty({ ...given }, part, {
      get: () => {
        throw new Error(`no ${part} here`);
      },
    });

  test('a summary that cannot be written is a warning, and the result stays', async () => {
    const result = await published(good, { summary: file('ENOSPC: no space left on device') });
    expect(result.code).toBe(0);
    expect(annotations(result)).toEqual([
      `warning Result not published: The job summary could not be written: ENOSPC: no space left on device.
add-header deployed to 1 workload, verified in 3 proxies
All pods are ready, and every proxy has revision 4f2a91c07b in its listeners.`,
    ]);
    expect(result.outputs).toMatch(/^result<<(\S+)\ndeployed\n\1\n/);
  });

  test('of a run that failed it is told with what failed', async () => {
    const result = await published(bad, { summary: file('EROFS: read-only file system') });
    expect(annotations(result)).toHaveLength(1);
    expect(annotations(result)[0]).toMatch(
      /^error Rollout: [\s\S]*\nThe job summary could not be written: EROFS: read-only/,
    );
  });

  test('outputs that cannot be written fail the step; summary and one annotation say so', async () => {
    const result = await published(good, { outputs: file('EISDIR: illegal operation on a directory') });
    expect(result.code).toBe(1);
    expect(annotations(result)).toEqual([
      expect.stringMatching(
        /^error Result not published: The outputs could not be written: EISDIR[^\n]*\.\nadd-header deployed/,
      ),
    ]);
    expect(result.summary).toMatch(/^## ✅ add-header deployed/);
    expect(result.summary).toContain('> ⚠️ The outputs could not be written: EISDIR');
  });

  test('a page leaves room for what is in the file, and is not added where there is none', async () => {
    const many = report({ targets: Array.from({ length: 2_000 }, (_, at) => deployed(`shop/w${at}`)) });
    const full = await published(many);
    const room = await published(many, { summary: file(undefined, 990_000) });
    expect(Buffer.byteLength(full.summary)).toBeGreaterThan(50_000);
    expect(Buffer.byteLength(room.summary)).toBeLessThanOrEqual(10_000);
    expect(room.summary).toMatch(/^## ✅/);
    const none = await published(good, { summary: file(undefined, 1_040_000) });
    expect([none.code, none.summary]).toEqual([0, '']);
    expect(annotations(none)).toEqual([expect.stringContaining('its file has 1040000 bytes already')]);
  });

  test('a page that cannot be made falls back to the short one, which says so', async () => {
    const result = await published(hurt(good, 'durationMs'));
    expect(result.code).toBe(0);
    expect(result.summary).toBe(`## ✅ add-header deployed to 1 workload, verified in 3 proxies

All pods are ready, and every proxy has revision 4f2a91<wbr>c07b in its listeners.

> ⚠️ The full page could not be made: no durationMs here.
`);
    expect(annotations(result)).toEqual([expect.stringMatching(/^warning Result not published: The full page/)]);
  });

  test('where not even the verdict can be made, command and result are told', async () => {
    const result = await published(hurt(report({ problems: [{ kind: 'cluster', message: 'no.' }] }), 'targets'));
    expect(result.code).toBe(1);
    expect(result.summary).toMatch(/^## ❌ deploy: failed\n\n> ⚠️ /);
    expect(result.outputs).toMatch(/^result<<(\S+)\nfailed\n\1\n/);
    expect(annotations(result)).toEqual([expect.stringMatching(/^error Result not published: .*no targets here/)]);
  });

  test('a run that broke off has failed, whatever it came to; one annotation says so', async () => {
    const progress = { command: 'deploy', phase: 'writing' as const, writes: 3, objects: ['deployments shop/a'] };
    const crash = { how: 'an unexpected error', cause: 'x is undefined', progress };
    const result = await published(good, {}, crash);
    expect(result.code).toBe(1);
    expect(result.outputs).toMatch(/^result<<(\S+)\nfailed\n\1\n/);
    expect(result.summary).toMatch(/^## ❌ deploy broke off: an unexpected error\n/);
    expect(result.summary).toContain('<summary>Results until then</summary>');
    expect(annotations(result)).toEqual([
      expect.stringMatching(/^error deploy broke off: an unexpected error: x is undefined\./),
    ]);
  });
});
