import { fileFault, shownPath } from '../../base/files.ts';
import { messageOf } from '../../base/problem.ts';
import { sentence } from '../../base/text.ts';
import { resultOf } from '../../deploy/report/drift.ts';
import type { Report } from '../../deploy/report/report.ts';
import { type Crash, lastWords } from '../crash/last-words.ts';
import { outputsOf } from '../outputs/outputs.ts';
import { type CommandFile, type CommandFiles, outputLines, type SharedFile } from '../runner/command-files.ts';
import type { Core } from '../runner/guarded-core.ts';
import type { Links } from '../runner/links.ts';
import { blocks, details, text } from '../summary/parts/markdown.ts';
import { renderSummary, shortSummary } from '../summary/summary.ts';
import { plain } from '../verdict/text.ts';
import { judge, type Verdict } from '../verdict/verdict.ts';
import { meaningOf } from '../verdict/words.ts';
import { type Annotation, annotationsOf } from './annotations.ts';
import { junitXml } from './junit.ts';
import { type LogSection, logSections } from './log-sections.ts';
import { reportText } from './report-text.ts';

/** The functions of @actions/core that publish a result. */
export type CorePublish = Pick<Core, 'error' | 'group' | 'info' | 'warning'>;

/**
 * The runner uploads nothing of a job summary of more than 1 MiB (actions/runner src/Runner.Worker/FileCommandManager.cs). Some
 * of it is for what is put around the page.
 */
const MAX_SUMMARY_BYTES = 1_048_576;
const SPARE_BYTES = 48_576;
const MAX_TROUBLE_CHARACTERS = 300;
/** GitHub takes 256 as the title of an issue. */
const MAX_HEADLINE_CHARACTERS = 250;
/** GitHub takes 65,536 as an issue or a comment. Some of them are for what is put around the page. */
const MAX_FILE_CHARACTERS = 60_000;

/** What is published beside the report. */
export interface PublishOptions {
  /** Set where the run broke off. */
  readonly crash?: Crash | undefined;
  readonly links?: Links;
  /** Writes the file that the complete report was asked for in; omitted where nobody asked. */
  readonly writeReport?: (text: string) => Promise<void>;
  /** Writes the file that the results of tests were asked for in; omitted where nobody asked. */
  readonly writeJunit?: (text: string) => Promise<void>;
}

/**
 * Publishes a report without secrets: log, outputs, job summary and annotations. What of one cannot be made or written does not keep the others
 * from it, and is told with the annotation. Of a run that broke off, the one annotation says so. Returns the exit code: outputs
 * or a report that later steps rely on and do not get are a failure, a summary that nobody sees is none.
 */
export async function publish(
  given: Report,
  core: CorePublish,
  files: CommandFiles,
  { crash, links = {}, writeReport, writeJunit }: PublishOptions = {},
): Promise<number> {
  const report: Report = crash === undefined ? given : { ...given, outcome: 'failed' };
  const troubles: string[] = [];
  /** What `make` gives, or `instead` where it throws. */
  const attempt = <T>(what: string, make: () => T, instead: T): T => {
    try {
      return make();
    } catch (error) {
      const trouble = sentence(`${what}: ${plain(messageOf(error), MAX_TROUBLE_CHARACTERS)}`);
      if (!troubles.includes(trouble)) troubles.push(trouble);
      return instead;
    }
  };
  await tellSections(
    attempt('The log is not complete', () => logSections(report), []),
    core,
  );
  const verdict = attempt('The verdict could not be put into words', () => judge(report), plainVerdict(report));
  const outputs = attempt('The outputs could not be made', () => outputsOf(report), undefined);
  let reported = true;
  const tryWriting = async (what: string, path: string | undefined, writing: () => unknown): Promise<void> => {
    try {
      await writing();
    } catch (error) {
      reported = false;
      troubles.push(fileTrouble(what, path, error));
    }
  };
  await tryWriting('report file', report.reportFile, () => writeReport?.(reportText(report, verdict, crash)));
  await tryWriting('JUnit file', report.junitFile, () => writeJunit?.(junitXml(report, verdict)));
  const pageFor = (maxBytes: number, maxCharacters = maxBytes): string =>
    attempt(
      'The full page could not be made',
      () => renderSummary(report, { maxBytes, maxCharacters, links }),
      undefined,
    ) ?? shortSummary(verdict, Math.min(maxBytes, maxCharacters));
  const whole = pageFor(MAX_SUMMARY_BYTES - SPARE_BYTES);
  const summaryFile = attempt(
    'The file for the output "summary-file" could not be written',
    () => {
      const fits = whole.length <= MAX_FILE_CHARACTERS;
      const page = fits ? whole : pageFor(MAX_SUMMARY_BYTES, MAX_FILE_CHARACTERS);
      return writePage(files.page, pageText(page, troubles, crash));
    },
    '',
  );
  const written = attempt(
    'The outputs could not be written',
    () =>
      write(files.outputs, {
        ...(outputs ?? { result: 'failed', changed: String(report.changed), targets: '[]' }),
        headline: headlineOf(verdict, crash),
        'summary-file': summaryFile,
      }),
    false,
  );
  const failed = resultOf(report) === 'failed' || outputs === undefined || !written || !reported;
  attempt(
    'The job summary could not be written',
    () => {
      const taken = files.summary?.size() ?? 0;
      const page = taken === 0 ? whole : pageFor(MAX_SUMMARY_BYTES - SPARE_BYTES - taken);
      writeSummary(files.summary, page, troubles, crash);
    },
    undefined,
  );
  const annotations =
    crash === undefined
      ? attempt('The annotations could not be made', () => annotationsOf(report), [])
      : [annotationOf(crash)];
  annotate(complete(annotations, verdict, failed, troubles), core);
  tellVerdict(verdict, core);
  return failed ? 1 : 0;
}

async function tellSections(sections: readonly LogSection[], core: CorePublish): Promise<void> {
  for (const { title, lines } of sections) {
    await core.group(title, async () => {
      for (const line of lines) core.info(line);
    });
  }
}

function annotate(annotations: readonly Annotation[], core: CorePublish): void {
  for (const { level, title, message, at } of annotations) {
    const place = at === undefined ? {} : { file: at.file, startLine: at.line, startColumn: at.column };
    core[level](message, { title, ...place });
  }
}

function tellVerdict(verdict: Verdict, core: CorePublish): void {
  core.info(`${verdict.icon} ${verdict.headline}`);
  const meaning = meaningOf(verdict);
  if (meaning !== '') core.info(meaning);
}

/** Always true; false stands for what could not be written. */
function write(file: CommandFile | undefined, outputs: Readonly<Record<string, string>>): boolean {
  file?.append(outputLines(outputs));
  return true;
}

function fileTrouble(what: string, path = '', error: unknown): string {
  return sentence(
    `The ${what} "${shownPath(path)}" could not be written: ${plain(fileFault(error), MAX_TROUBLE_CHARACTERS)}`,
  );
}

function writeSummary(
  file: CommandFile | undefined,
  page: string,
  troubles: readonly string[],
  crash: Crash | undefined,
): void {
  if (file === undefined) return;
  if (page === '') throw new Error(`its file has ${file.size()} bytes already, and the runner shows 1 MiB at most`);
  file.append(pageText(page, troubles, crash));
}

/** Returns the path of the file with the page; empty where the runner has no place for it. */
function writePage(file: SharedFile | undefined, page: string): string {
  file?.append(page);
  return file?.path ?? '';
}

/** The page with what could not be published; of a run that broke off, behind what is said of that. */
function pageText(page: string, troubles: readonly string[], crash: Crash | undefined): string {
  const notes = troubles.map((trouble) => `> ⚠️ ${text(trouble)}`);
  return crash === undefined
    ? `${blocks(page.trimEnd(), notes)}\n`
    : `${blocks(lastWords(crash).page.trimEnd(), notes, details('Results until then', page.trimEnd()))}\n`;
}

/** The run in one line of plain text, for a message. */
function headlineOf({ icon, headline }: Verdict, crash: Crash | undefined): string {
  const line = crash === undefined ? `${icon} ${headline}` : `❌ ${lastWords(crash).title}`;
  return plain(line, MAX_HEADLINE_CHARACTERS);
}

/** What is said where the verdict's own words cannot be made. */
function plainVerdict({ command, outcome }: Report): Verdict {
  return { icon: outcome === 'failed' ? '❌' : '⚠️', headline: `${command}: ${outcome}`, sentence: '' };
}

function annotationOf(crash: Crash): Annotation {
  const { title, annotation } = lastWords(crash);
  return { level: 'error', title, message: annotation };
}

/** A run that failed has an annotation, and what could not be published is told in the last one. */
function complete(
  annotations: readonly Annotation[],
  verdict: Verdict,
  failed: boolean,
  troubles: readonly string[],
): readonly Annotation[] {
  if (troubles.length === 0) return annotations;
  const level = failed ? 'error' : 'warning';
  const last = annotations.findLast((annotation) => annotation.level === level);
  if (last === undefined)
    return [
      ...annotations,
      { level, title: 'Result not published', message: [...troubles, verdict.headline, meaningOf(verdict)].join('\n') },
    ];
  return annotations.map((one) => (one === last ? { ...last, message: [last.message, ...troubles].join('\n') } : one));
}
