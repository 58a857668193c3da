import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { commentText } from '../../../../src/action/pull-request/page.ts';
import type { Report } from '../../../../src/deploy/report/report.ts';
import { change, deployed, filter, planned, report } from '../report-builder.ts';
import { SCENARIOS } from '../scenarios.ts';

const LINKS = { server: 'https://github.com', run: 'https://github.com/shop/filters/actions/runs/7' };
const options = (showConfiguration = false) => ({
  ...{ key: 'CI · deploy · add-header', links: LINKS, showConfiguration },
  redact: (text: string) => text,
});
const bodyOf = (of: Report, showConfiguration = false): string => commentText(of, options(showConfiguration)).body;

const GOLDEN = new URL('../../../golden/comments/', import.meta.url);

test.each([
  ['planned', 'planned', false],
  ['planned-with-values', 'planned', true],
  ['one-failed-and-rolled-back', 'one-failed-and-rolled-back', false],
])('the comment of %s', async (golden, name, showConfiguration) => {
  const file = new URL(`${golden}.md`, GOLDEN);
  const body = bodyOf((SCENARIOS[name] as () => Report)(), showConfiguration);
  if (process.env.UPDATE_GOLDEN === '1') await writeFile(file, body);
  expect(body).toBe(await readFile(file, 'utf8'));
});

describe('every page fits into a comment', () => {
  test.each(Object.entries(SCENARIOS))('%s', (_, build) => {
    const body = bodyOf(build());
    expect(body.length).toBeLessThan(65_000);
    expect(body).toMatch(/^### CI · deploy · add-header\n\n## /);
  });

  test('of thousands of workloads, too', () => {
    const targets = Array.from({ length: 5_000 }, (_, at) => deployed(`shop/reviews-${at}`));
    const body = bodyOf(report({ targets }));
    expect(body.length).toBeLessThan(65_000);
    expect(body.length).toBeGreaterThan(50_000);
    expect(body).toMatch(/more/);
    expect(body.match(/<details/g)?.length).toBe(body.match(/<\/details>/g)?.length);
  });
});

describe('configuration and environment', () => {
  const base = filter();
  const settings = {
    ...base.settings,
    configuration: '{"upstream":"orders.internal"}',
    environment: { MODE: 'gentle-mode-of-operation', NODE: { from: 'proxy' } as const },
  };
  const diff = ['+    value: {"upstream":"orders.internal"}', '+  MODE: gentle-mode-of-operation'];
  const changes = [
    change('create EnvoyFilter shop/wasm-filter-add-header', { diff }),
    change('change Deployment shop/reviews', { diff: ['+  sidecar.istio.io/userVolume: x'] }),
  ];
  const problem = { kind: 'filter' as const, message: 'The filter rejects {"upstream":"orders.internal"}.' };
  const plan = report({
    command: 'plan',
    plan: planned({ changes }),
    filters: [{ ...base, settings }],
    problems: [problem],
  });
  const VALUES = ['orders.internal', 'gentle-mode'];

  test('are digests, wherever they come up', () => {
    const body = bodyOf(plan).replaceAll('<wbr>', '');
    for (const value of VALUES) expect(body).not.toContain(value);
    expect(body).toMatch(/configuration: sha256:[0-9a-f]{12} \(\d+ B\)/);
    expect(body).toMatch(/environment: sha256:[0-9a-f]{12} \(\d+ B\)/);
    expect(body).toContain('its content is only in the job summary');
    expect(body).toContain('userVolume');
  });

  test('of a secret name are not shown even then, however short they are', () => {
    const secret = { ...settings, configuration: 'mode: fast\npin: 4711', environment: { DB_PASS: 'x1y2' } };
    const written = change('create EnvoyFilter shop/f', { diff: ['+    value: {"pin":4711}'] });
    const plan = planned({ changes: [written] });
    const body = bodyOf(report({ command: 'plan', plan, filters: [{ ...base, settings: secret }] }), true);
    expect(body).toContain('mode: fast');
    expect(body).toContain('pin: ***');
    expect(body).not.toMatch(/4711|x1y2/);
  });

  test('have no part in a digest if their name is that of a secret: few possible ones could be tried', () => {
    const digestOf = (configuration: string): string => {
      const told = { ...base, settings: { ...settings, configuration } };
      const page = bodyOf(report({ command: 'plan', plan: planned(), filters: [told] }));
      return /configuration: (sha256:\S+)/.exec(page)?.[1] ?? '';
    };
    expect(digestOf('{"pin":"1111","a":1}')).toBe(digestOf('{"pin":"2222","a":1}'));
    expect(digestOf('{"pin":"1111","a":1}')).not.toBe(digestOf('{"pin":"1111","a":2}'));
  });

  test('are shown if that is wanted', () => {
    const body = bodyOf(plan, true);
    for (const value of VALUES) expect(body).toContain(value);
    expect(body).toContain('NODE: (from the proxy)');
  });
});

describe('what is compared with the comment of before', () => {
  const digest = (of: Report, run = '7'): string =>
    commentText(of, { ...options(), links: { ...LINKS, run: `https://github.com/shop/filters/actions/runs/${run}` } })
      .digest;
  const found = report({ targets: [deployed('shop/reviews')] });

  test('is the same whatever the time, the run and the number of requests', () => {
    const later = {
      ...found,
      durationMs: found.durationMs + 5_000,
      started: '2027-01-01T00:00:00Z',
      requests: { reads: 999, writes: 5 },
    };
    expect(digest(later, '8')).toBe(digest(found));
  });

  test('is another where something else was found', () => {
    expect(digest(report({ targets: [deployed('shop/ratings')] }))).not.toBe(digest(found));
  });
});
