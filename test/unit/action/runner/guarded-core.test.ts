import { describe, expect, test } from '@jest/globals';
import { redactedReport } from '../../../../src/action/publish/redacted-report.ts';
import type { CommandFiles } from '../../../../src/action/runner/command-files.ts';
import { type Core, guardedCore, guardedFiles } from '../../../../src/action/runner/guarded-core.ts';
import { Redactor } from '../../../../src/base/redaction/redactor.ts';
import { reportedTargets } from '../../../../src/deploy/report/report.ts';
import { report, stuck } from '../report-builder.ts';

const SECRET = 'a-secret_that-is.long';

interface Ways {
  readonly core: Core;
  readonly files: CommandFiles;
}

/** A toolkit behind its gate, and the texts that leave, by the way that they leave on. */
function gate(): Ways & { redactor: Redactor; said: Readonly<Record<string, string>> } {
  const said: Record<string, string> = {};
  const keep = (way: string, text: string): void => {
    said[way] = text;
  };
  const keeping = (way: string): CommandFiles['summary'] => ({ size: () => 0, append: (text) => keep(way, text) });
  const toolkit: Core = {
    info: (text) => keep('info', text),
    debug: (text) => keep('debug', text),
    error: (text, properties) => {
      keep('error', String(text));
      keep('title', properties?.title ?? '');
    },
    notice: (text) => keep('notice', String(text)),
    warning: (text) => keep('warning', String(text)),
    isDebug: () => true,
    group: (title, phase) => {
      keep('group', title);
      return phase();
    },
  };
  const redactor = new Redactor();
  const files = guardedFiles({ outputs: keeping('output'), summary: keeping('summary') }, redactor.redact);
  return { core: guardedCore(toolkit, redactor.redact), files, redactor, said };
}

/** Sends a text out on every way that there is. */
async function sayEverywhere({ core, files }: Ways, text: string): Promise<void> {
  core.info(text);
  core.debug(text);
  core.error(text, { title: text });
  core.notice(text);
  core.warning(text);
  files.outputs?.append(text);
  files.summary?.append(text);
  await core.group(text, async () => undefined);
}

const WAYS = ['debug', 'error', 'group', 'info', 'notice', 'output', 'summary', 'title', 'warning'];
const everywhere = (text: string): object => Object.fromEntries(WAYS.map((way) => [way, text]));

describe('on every way out', () => {
  test('a secret is taken out, whenever it became known', async () => {
    const { redactor, said, ...ways } = gate();
    const text = `it is ${SECRET}`;
    redactor.mask(SECRET);
    await sayEverywhere(ways, text);
    expect(said).toEqual(everywhere('it is ***'));
  });

  test.each([
    ['ESC', 'a\u001b[2Jb', 'a␛[2Jb'],
    ['a zero byte', 'a\0b', 'a␀b'],
    ['DEL', 'a\u007fb', 'a␡b'],
    ['a C1 control', 'a\u009bb', 'a[U+009B]b'],
    ['a turn of direction', 'a\u202eb\u2066c\u200fd\u061ce', 'a[U+202E]b[U+2066]c[U+200F]d[U+061C]e'],
    ['what has no width', 'a\u200bb\u2060c\ufeffd\u00ade', 'a[U+200B]b[U+2060]c[U+FEFF]d[U+00AD]e'],
    ['a tag', 'a\u{e0041}b', 'a[U+E0041]b'],
    ['half of a character', 'a\ud800b', 'a\ufffdb'],
    ['nothing else', 'ä ↩️ 😀 ✅\tb', 'ä ↩️ 😀 ✅\tb'],
  ])('%s is shown', async (_, text, shown) => {
    const { said, ...ways } = gate();
    await sayEverywhere(ways, text);
    expect(said).toEqual(everywhere(shown));
  });

  test.each([
    ['::error::x', ' : :error::x'],
    ['a\n::stop-commands::x', 'a ⏎ ::stop-commands::x'],
    ['a\r::set-output name=b::c', 'a ⏎ ::set-output name=b::c'],
    ['\u00a0 ::error::x', ' : :error::x'],
    ['x ##[error]y', 'x ## [error]y'],
    ['\u0085::error::x', '[U+0085]::error::x'],
    ['\u001f::error::x', '␟::error::x'],
  ])('a line of the log is no command of the runner: %j', async (text, line) => {
    const { said, ...ways } = gate();
    await sayEverywhere(ways, text);
    expect(said).toMatchObject({ info: line, group: line, title: line });
  });
});

test('a report loses its secrets before anything cuts it', () => {
  const { redactor } = gate();
  redactor.mask(SECRET);
  const cause = new Error(SECRET);
  const problem = { kind: 'rollout', subject: SECRET, message: `${SECRET}!`, remedy: SECRET, cause } as const;
  const given = report({
    targets: [stuck('shop/a', { problem, diagnosis: [SECRET] })],
    warnings: [{ topic: 'Tag', subject: SECRET, text: SECRET }],
  });
  const redacted = redactedReport(given, redactor.redact);
  const [target] = reportedTargets(redacted);
  expect(redacted.warnings).toEqual([{ topic: 'Tag', subject: '***', text: '***' }]);
  expect(target?.diagnosis).toEqual(['***']);
  expect(target?.problem).toEqual({ kind: 'rollout', subject: '***', message: '***!', remedy: '***', cause });
  expect(redactedReport(report({}), redactor.redact)).toEqual(report({}));
});
