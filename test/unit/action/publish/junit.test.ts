import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { junitXml } from '../../../../src/action/publish/junit.ts';
import { reportedProblems } from '../../../../src/action/verdict/problem-groups.ts';
import { judge } from '../../../../src/action/verdict/verdict.ts';
import type { Report } from '../../../../src/deploy/report/report.ts';
import { hostile } from '../hostile.ts';
import { report } from '../report-builder.ts';
import { TEST_SCENARIOS } from '../scenarios-tests.ts';

const FOLDER = new URL('../../../golden/', import.meta.url);
/** `UPDATE_GOLDEN=1 npm test -- junit` writes the files anew; look at the difference before you keep it. */
const UPDATE = process.env.UPDATE_GOLDEN === '1';

function scenario(name: string): Report {
  const build = TEST_SCENARIOS[name];
  if (build === undefined) throw new Error(`no scenario ${name}`);
  return build();
}

const xmlOf = (of: Report): string => junitXml(of, judge(of));

/** What XML 1.0 can hold: https://www.w3.org/TR/xml/#charsets. */
const LEGAL = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;

/** The elements of a text in their order, each with its attributes; throws where one is not closed, or an `&` stands for nothing. */
function elementsOf(xml: string): { name: string; attributes: Record<string, string> }[] {
  expect(xml).toMatch(LEGAL);
  const open: string[] = [];
  const elements: { name: string; attributes: Record<string, string> }[] = [];
  const body = xml.replace(/^<\?xml [^?]*\?>\n/, '');
  const rest = body.replaceAll(
    /<(\/?)([a-z-]+)((?: [a-z]+="[^"<&]*(?:&(?:amp|lt|gt|quot|#9);[^"<&]*)*")*)(\/?)>/g,
    (_, end, name, given, empty) => {
      if (end !== '') expect(open.pop()).toBe(name);
      else {
        const attributes = [...String(given).matchAll(/([a-z]+)="([^"]*)"/g)].map(([, key = '', value = '']) => [
          key,
          value,
        ]);
        elements.push({ name, attributes: Object.fromEntries(attributes) });
        if (empty === '') open.push(name);
      }
      return '';
    },
  );
  expect(open).toEqual([]);
  expect(rest.replaceAll(/&(?:amp|lt|gt|quot|#9);/g, '')).not.toMatch(/[<&]/);
  return elements;
}

test.each(['tests-passed', 'tests-failed-in-matrix', 'tests-inconclusive', 'tests-hostile'])(
  '%s, against test/golden',
  async (name) => {
    const xml = xmlOf(scenario(name));
    const file = new URL(`${name}.junit.xml`, FOLDER);
    if (UPDATE) await writeFile(file, xml);
    expect(await readFile(file, 'utf8')).toBe(xml);
  },
);

test('there is a suite for each filter and version, whose numbers add up', () => {
  const elements = elementsOf(xmlOf(scenario('tests-many')));
  const suites = elements.filter(({ name }) => name === 'testsuite').map(({ attributes }) => attributes);
  expect(suites.map(({ name, tests, failures }) => [name, tests, failures])).toEqual([
    ...['1.30', '1.31', '1.32'].map((version) => [`limits istio/${version}`, '40', '40']),
    ...['1.30', '1.31', '1.32'].map((version) => [`add-header istio/${version}`, '60', '0']),
  ]);
  expect(elements[0]).toMatchObject({ name: 'testsuites', attributes: { tests: '300', failures: '120', errors: '0' } });
  expect(elements.filter(({ name }) => name === 'testcase')).toHaveLength(300);
});

/** The attributes that each element may have; junit-10.xsd of Jenkins' xUnit plugin. */
const ATTRIBUTES: Readonly<Record<string, readonly string[]>> = {
  testsuites: ['name', 'time', 'tests', 'failures', 'errors'],
  testsuite: ['name', 'tests', 'failures', 'errors', 'time', 'skipped', 'timestamp'],
  testcase: ['name', 'time', 'classname'],
  failure: ['type', 'message'],
  error: ['type', 'message'],
  'system-out': [],
};

test.each(Object.keys(TEST_SCENARIOS))('%s has what the schema of Jenkins allows', (name) => {
  for (const element of elementsOf(xmlOf(scenario(name)))) {
    expect(ATTRIBUTES[element.name]).toEqual(expect.arrayContaining(Object.keys(element.attributes)));
    const { time } = element.attributes;
    if (time !== undefined) expect(time).toMatch(/^\d+\.\d{3}$/);
  }
});

describe('a run that fails', () => {
  test.each<[string, Report]>([
    ['before its tests', report({ command: 'check', problems: [{ kind: 'input', message: 'is wrong.' }] })],
    ['without any', report({ command: 'deploy', problems: [{ kind: 'input', message: 'is wrong.' }] })],
    ['a check beside good tests', { ...scenario('tests-passed'), outcome: 'failed' } as Report],
  ])('%s, has a case that says so', (_, of) => {
    const elements = elementsOf(xmlOf(of));
    expect(elements.filter(({ name }) => name === 'error')).toHaveLength(1);
    expect(elements[0]?.attributes.errors).toBe('1');
    for (const problem of reportedProblems(of)) expect(xmlOf(of)).toContain(problem.message);
  });

  test('in a test, has no other', () => {
    expect(elementsOf(xmlOf(scenario('tests-deploy-refused'))).filter(({ name }) => name === 'error')).toEqual([]);
  });

  test('without failing, has none', () => {
    expect(elementsOf(xmlOf(report({ command: 'deploy' })))).toEqual([
      expect.objectContaining({ name: 'testsuites', attributes: expect.objectContaining({ tests: '0', errors: '0' }) }),
    ]);
  });
});

test('the more tests do not pass, the less is said of each', () => {
  const place = { subject: 'a' };
  const output = 'x'.repeat(30_000);
  const sizeWith = (count: number): number => {
    const tests = Array.from({ length: count }, (_, index) => {
      const result = { name: `t${index}`, log: [output], trace: [], place };
      return { ...result, state: 'failed', differences: [{ where: 'a', expected: output, got: output }] } as const;
    });
    const runs = [{ proxies: ['1.30', '1.31'], durationMs: 0, tests }];
    return xmlOf(report({ command: 'check', tests: [{ filter: 'f', runs }] })).length;
  };
  expect(sizeWith(1)).toBeGreaterThan(2 * 2 * 20_000);
  expect(sizeWith(2_000)).toBeLessThan(40_000_000);
});

test('whatever the texts are, it is XML', () => {
  fc.assert(
    fc.property(hostile, hostile, (name, said) => {
      const place = { subject: said };
      const result = { log: [said], trace: [said], place };
      const of = report({
        command: 'check',
        problems: [{ kind: 'test', message: said }],
        tests: [
          {
            filter: name,
            runs: [
              {
                proxies: [],
                durationMs: 3,
                tests: [
                  { ...result, name, state: 'failed', differences: [{ where: said, expected: said, got: said }] },
                  { ...result, name, state: 'stopped', why: said },
                  { ...result, name, state: 'inconclusive', why: [said] },
                ],
              },
            ],
          },
        ],
      });
      expect(elementsOf(xmlOf(of)).filter(({ name: element }) => element === 'testcase')).toHaveLength(3);
    }),
  );
});
