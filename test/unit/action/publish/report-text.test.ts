import { describe, expect, test } from '@jest/globals';
import { type PublishOptions, publish } from '../../../../src/action/publish/publish.ts';
import type { ReportFile } from '../../../../src/action/report-file/schema.ts';
import type { CommandFile } from '../../../../src/action/runner/command-files.ts';
import type { Core } from '../../../../src/action/runner/guarded-core.ts';
import { NO_PROGRESS } from '../../../../src/action/runner/progress.ts';
import type { Report } from '../../../../src/deploy/report/report.ts';
import { reportFaults } from '../../../harness/report-schema.ts';
import { deployed, report } from '../report-builder.ts';

const WELL = { ...report({ targets: [deployed('shop/a')] }), reportFile: 'report.json' };

interface Published {
  readonly code: number;
  readonly errors: readonly string[];
  readonly summary: string;
}

async function published(given: Report, options: PublishOptions): Promise<Published> {
  const errors: string[] = [];
  const core: Pick<Core, 'error' | 'group' | 'info' | 'warning'> = {
    info: () => undefined,
    warning: () => undefined,
    error: (message) => errors.push(String(message)),
    group: async (_, work) => work(),
  };
  let summary = '';
  const file: CommandFile = { size: () => 0, append: (text) => (summary += text) };
  const code = await publish(given, core, { outputs: undefined, summary: file }, options);
  return { code, errors, summary };
}

describe('the report file', () => {
  test('is written, and the page names it', async () => {
    const written: string[] = [];
    const { code, summary } = await published(WELL, { writeReport: async (text) => void written.push(text) });
    expect(code).toBe(0);
    expect(summary).toContain('complete report in <code>report.json</code>');
    const [text = ''] = written;
    const file = JSON.parse(text) as ReportFile;
    expect(reportFaults(file)).toEqual([]);
    expect([file.headline, file.result]).toEqual([
      '✅ add-header deployed to 1 workload, verified in 3 proxies',
      'deployed',
    ]);
  });

  test('shows hidden characters, which a terminal would act on', async () => {
    const written: string[] = [];
    const said = { ...WELL, warnings: [{ topic: 'Topic', text: 'a\u001b[2Jb\u202ec\r\nd' }] };
    await published(said, { writeReport: async (text) => void written.push(text) });
    const { warnings } = JSON.parse(written[0] ?? '') as ReportFile;
    expect(warnings).toEqual(['a␛[2Jb[U+202E]c\nd']);
  });

  test('fails the step where it cannot be written: later steps rely on it', async () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    const { code, errors, summary } = await published(WELL, { writeReport: () => Promise.reject(full) });
    expect(code).toBe(1);
    const trouble = 'The report file "report.json" could not be written: ENOSPC: no space left on device, write.';
    expect(errors.join('\n')).toContain(trouble);
    expect(summary).toContain('no space left on device');
    expect(summary).toMatch(/^## ✅ add-header deployed/);
  });

  test('of a run that broke off says why', async () => {
    const written: string[] = [];
    const crash = { how: 'an unexpected error', cause: 'x is undefined', advice: 'Re-run it.', progress: NO_PROGRESS };
    await published(WELL, { crash, writeReport: async (text) => void written.push(text) });
    const file = JSON.parse(written.join('')) as ReportFile;
    expect(reportFaults(file)).toEqual([]);
    expect(file.result).toBe('failed');
    expect(file.problems).toEqual([
      {
        kind: 'internal',
        message: 'The run broke off: an unexpected error. x is undefined',
        remedy: 'Re-run it.',
      },
    ]);
  });
});
