import { describe, expect, test } from '@jest/globals';
import { describeProblem, fail, ok, type Result } from '../../../src/base/problem.ts';
import { warningTexts } from '../../../src/base/warning.ts';
import { neededLists, type ResolvedTarget, resolveTargets } from '../../../src/targets/resolve.ts';
import { describeWorkload } from '../../../src/targets/target.ts';
import { type ClusterParts, entriesOf, must, problemsIn, workload, workloadIndexOf } from '../builders.ts';

const SHOP: ClusterParts = {
  workloads: {
    'shop/deploy/reviews': workload('reviews', { labels: { app: 'reviews', tier: 'back' } }),
    'shop/deploy/ratings': workload('ratings', { labels: { app: 'ratings', tier: 'back' } }),
    'shop/sts/db': workload('db', { labels: { tier: 'data' } }),
    'test/deploy/reviews': workload('reviews', { labels: { app: 'reviews' } }),
  },
};

const resolve = (list: string, cluster: ClusterParts = SHOP): Result<readonly ResolvedTarget[]> => {
  const { targets, problems } = resolveTargets(entriesOf(list), workloadIndexOf(cluster), { direction: 'inbound' });
  return problems.length === 0 ? ok(targets) : fail(...problems);
};
const names = (checked: Result<readonly ResolvedTarget[]>): string[] =>
  must(checked).map(({ ref }) => describeWorkload(ref));
const warnings = (list: string, cluster: ClusterParts): readonly string[] =>
  warningTexts(resolveTargets(entriesOf(list), workloadIndexOf(cluster), {}).warnings);
const messages = (checked: Result<unknown>): string[] => problemsIn(checked).map(describeProblem);

describe('neededLists', () => {
  test('names each kind and namespace once', () => {
    const entries = entriesOf('- deploy/a\n- deploy/b\n- test/deploy/a\n- {selector: x, kinds: [sts, deploy]}');
    expect(neededLists(entries)).toEqual([
      { kind: 'Deployment', namespace: 'shop' },
      { kind: 'Deployment', namespace: 'test' },
      { kind: 'StatefulSet', namespace: 'shop' },
    ]);
  });

  test('a selector without kinds needs every kind in each of its namespaces', () => {
    expect(neededLists(entriesOf('- {selector: x, namespaces: [a, b]}'))).toHaveLength(6);
  });
});

describe('resolveTargets finds', () => {
  test('the wave of a name and of everything that a selector matches', () => {
    const found = must(resolve('- {selector: tier=back, wave: 2}\n- {kind: sts, name: db, wave: 7}'));
    expect(found.map(({ ref, wave }) => [ref.name, wave])).toEqual([
      ['reviews', 2],
      ['ratings', 2],
      ['db', 7],
    ]);
  });

  test('named workloads, with what was observed and the settings of their own', () => {
    const found = must(resolve('- deploy/reviews\n- {kind: sts, name: db, port: 5432}'));
    expect(found).toMatchObject([
      { ref: { kind: 'Deployment', namespace: 'shop', name: 'reviews' }, override: {}, wave: 1 },
      { ref: { kind: 'StatefulSet', namespace: 'shop', name: 'db' }, override: { port: 5432 } },
    ]);
    expect(found[0]?.workload).toBe(SHOP.workloads?.['shop/deploy/reviews']);
  });

  test('what selectors match, over kinds and namespaces, also where some list has nothing', () => {
    expect(names(resolve('- {selector: "tier in (back, data)"}'))).toEqual([
      'Deployment shop/reviews',
      'Deployment shop/ratings',
      'StatefulSet shop/db',
    ]);
    expect(names(resolve('- {selector: app=reviews, namespaces: [shop, test]}'))).toEqual([
      'Deployment shop/reviews',
      'Deployment test/reviews',
    ]);
  });

  test('a workload that is meant twice only once', () => {
    expect(names(resolve('- deploy/reviews\n- shop/Deployment/reviews\n- {selector: app=reviews}'))).toEqual([
      'Deployment shop/reviews',
    ]);
    const same = '- {kind: deploy, name: reviews, port: 80, direction: any, wave: 2}\n';
    expect(must(resolve(`${same}- {selector: app=reviews, direction: any, port: "80", wave: "2"}`))).toHaveLength(1);
  });
});

test('an entry that spells out a default agrees with one that does not', () => {
  expect(must(resolve('- deploy/reviews\n- {kind: deploy, name: reviews, direction: inbound}'))).toHaveLength(1);
  expect(problemsIn(resolve('- deploy/reviews\n- {kind: deploy, name: reviews, direction: any}'))).toHaveLength(1);
});

describe('resolveTargets reports', () => {
  test('entries that disagree about the settings of a workload', () => {
    expect(messages(resolve('- deploy/reviews\n- {selector: tier=back, port: 80}'))).toEqual([
      'Deployment shop/reviews is named by targets, entry 1 and by targets, entry 2 with different settings. Give it one entry, or the same configuration, direction, port and insert in both.',
    ]);
  });

  test('entries that disagree, where the later one stands', () => {
    const at = { file: 'mesh.yaml', line: 9, column: 3 };
    const [first, second] = entriesOf('- deploy/reviews\n- {kind: deploy, name: reviews, wave: 2}');
    const entries = [first, second].flatMap((entry, index) =>
      entry === undefined ? [] : [index === 1 ? { ...entry, at } : entry],
    );
    expect(resolveTargets(entries, workloadIndexOf(SHOP), {}).problems.map((problem) => problem.at)).toEqual([at]);
  });

  test('entries that disagree about its wave, which is 1 where none is named', () => {
    expect(messages(resolve('- deploy/reviews\n- {selector: app=reviews, wave: 2}'))).toEqual([
      'Deployment shop/reviews is named by targets, entry 1 and by targets, entry 2 with different waves. Give it one entry, or the same wave in both.',
    ]);
    expect(must(resolve('- deploy/reviews\n- {selector: app=reviews, wave: 1}'))).toHaveLength(1);
    expect(problemsIn(resolve('- {selector: app=reviews, wave: 3, port: 80}\n- deploy/reviews'))).toHaveLength(2);
  });

  test('a selector that matches nothing, with what it was compared with', () => {
    expect(messages(resolve('- {selector: app=web, kinds: [deploy, sts]}'))).toEqual([
      'targets, entry 1: the selector "app=web" matches no Deployment or StatefulSet in shop, where there are 3. Use a value that app has there: ratings or reviews.',
    ]);
  });

  test.each(['- empty/deployment/reviews', '- {selector: app=reviews, namespace: empty}', '- empty/*/reviews'])(
    'a namespace that is being deleted: %s',
    (list) => {
      expect(messages(resolve(list, { namespaces: { empty: 'ending' } }))).toEqual([
        'targets, entry 1: the namespace "empty" is being deleted, so nothing can be created in it. Wait until it is gone and create it and its workloads again, or take them out of the target list; then re-run the job.',
      ]);
    },
  );

  test.each<[string, string]>([
    ['tier=bakc', 'Change it to tier=back. Other values of tier there: data.'],
    ['tier in (bakc, front)', 'Change it to tier=back. Other values of tier there: data.'],
    ['app=review', 'Change it to app=reviews. Other values of app there: ratings.'],
    ['tier=front', 'Use a value that tier has there: back or data.'],
    ['teir=back', 'Change teir, which no workload has, to tier.'],
    ['owner', 'Use a label that a workload has: none has owner.'],
    ['constructor', 'Use a label that a workload has: none has constructor.'],
    ['app=reviews,tier=data', 'No workload there meets all of it at once: leave a part of it out.'],
    ['!tier', 'No workload there meets all of it at once: leave a part of it out.'],
  ])('what to write instead of the selector %s', (selector, remedy) => {
    const [problem] = problemsIn(resolve(`- {selector: ${JSON.stringify(selector)}, kinds: [deploy, sts]}`));
    expect(problem?.remedy).toBe(remedy);
  });

  test('of many values the nearest and a few', () => {
    const many = Array.from({ length: 40 }, (_, at) => `v${at + 10}`);
    const workloads = Object.fromEntries(many.map((run) => [`shop/deploy/${run}`, workload(run, { labels: { run } })]));
    const [problem] = problemsIn(resolve('- {selector: run=v49x}', { workloads }));
    expect(problem?.remedy).toBe(
      'Change it to run=v49. Other values of run there: v10, v11, v12, v13, v14 and 34 more.',
    );
  });

  test('a selector that only pods would match, by the workload whose they are', () => {
    const labels = { tier: 'back' };
    const a = { ...workload('a'), spec: { template: { metadata: { labels: { app: 'web' } } } } };
    const cluster = { workloads: { 'shop/deploy/a': { ...a, metadata: { ...a.metadata, labels } } } };
    const remedyFor = (selector: string) =>
      problemsIn(resolve(`- {selector: ${JSON.stringify(selector)}}`, cluster))[0]?.remedy;
    expect(remedyFor('app=web')).toBe(
      'Write labels of the workload itself (metadata.labels): only the pods of Deployment shop/a have these.',
    );
    expect(remedyFor('!tier')).not.toContain('pods');
  });

  test.each<[string, string, string]>([
    ['the nearest names', '- deploy/reveiws', 'Change it to deployment/reviews.'],
    ['the kind that has the name', '- deploy/db', 'Change it to statefulset/db.'],
    ['what there is', '- deploy/zzzzzzzzz', 'Use one of: deployment/reviews or deployment/ratings.'],
    ['that there is nothing of that kind', '- ds/zzzzzzzzz', 'Check the namespace: shop has no DaemonSets.'],
  ])('a workload that is not there, with %s', (_, list, remedy) => {
    const [problem] = problemsIn(resolve(list));
    expect(problem).toMatchObject({ kind: 'targets', subject: 'targets, entry 1', remedy });
    expect(problem?.message).toMatch(/^\w+ shop\/\w+ does not exist\.$/);
  });

  test.each(['- deploy/shop-pr-13', '- { name: shop-pr-13*, namespace: shop }'])(
    'no workload of another pull request instead of %s',
    (list) => {
      const workloads = { 'shop/deploy/shop-pr-12': workload('shop-pr-12'), 'shop/deploy/shop': workload('shop') };
      const [problem] = problemsIn(resolve(list, { workloads }));
      expect(problem?.remedy).toBe('Create it first, or check the name.');
    },
  );

  test('no more than five of many names', () => {
    const many = Array.from({ length: 12 }, (_, at) => `service-${at}`);
    const workloads = Object.fromEntries(many.map((name) => [`shop/deploy/${name}`, workload(name)]));
    expect(messages(resolve('- deploy/x', { workloads }))[0]).toMatch(
      /Use one of: deployment\/service-0, .*deployment\/service-4 or 7 more\.$/,
    );
  });

  test('a namespace that does not exist, for a name and for a selector', () => {
    const cluster = { namespaces: { shpo: false } };
    const message = 'the namespace "shpo" does not exist. Check the spelling and the context of the kubeconfig.';
    expect(messages(resolve('- shpo/deploy/reviews\n- {selector: a, namespace: shpo}', cluster))).toEqual([
      `targets, entry 1: ${message}`,
      `targets, entry 2: ${message}`,
    ]);
  });

  test('a namespace that is spelt almost as another one of the run', () => {
    const cluster = { namespaces: { shpo: false }, workloads: { 'shop/deploy/reviews': workload('reviews') } };
    expect(messages(resolve('- shpo/deploy/reviews\n- shop/deploy/reviews', cluster))).toEqual([
      'targets, entry 1: the namespace "shpo" does not exist. Change it to shop, or check the context of the kubeconfig.',
    ]);
  });

  test('a namespace that is spelt almost as another one of the cluster', () => {
    const cluster = { namespaces: { 'fe1-shopp': false, 'fe1-shop': true, edge: true } };
    expect(messages(resolve('- fe1-shopp/deploy/reviews', cluster))).toEqual([
      expect.stringContaining('"fe1-shopp" does not exist. Change it to fe1-shop, or check'),
    ]);
  });

  test.each<[string, string[], string]>([
    ['none', [], 'is none'],
    ['one', ['a'], 'is one'],
    ['two', ['a', 'b'], 'are 2'],
  ])('a selector where there is %s', (_, names, counted) => {
    const workloads = Object.fromEntries(names.map((name) => [`shop/deploy/${name}`, workload(name)]));
    const cluster = { workloads, namespaces: { shop: true } };
    expect(messages(resolve('- {selector: app=web, kinds: [deploy]}', cluster))[0]).toContain(
      `matches no Deployment in shop, where there ${counted}.`,
    );
  });

  test('that it cannot know whether an empty namespace exists', () => {
    expect(messages(resolve('- shpo/deploy/reviews', {}))[0]).toMatch(
      /does not exist\. Check the namespace: \S+ has no Deployments, or does not exist\.$/,
    );
  });

  test('nothing about a list that failed: that has been reported already', () => {
    const blind = { ...SHOP, unlisted: ['shop/Deployment'] };
    expect(names(resolve('- deploy/reviews\n- deploy/nothing\n- sts/db', blind))).toEqual(['StatefulSet shop/db']);
    expect(names(resolve('- {selector: app=web}', blind))).toEqual([]);
  });

  test('everything at once', () => {
    expect(messages(resolve('- deploy/a1\n- deploy/b2\n- {selector: no=thing}'))).toHaveLength(3);
  });
});

describe('an entry with a "*"', () => {
  const FRONT: ClusterParts = {
    workloads: {
      'shop/deploy/front-page': workload('front-page', { labels: { tier: 'web' } }),
      'shop/deploy/front-api': workload('front-api', { labels: { tier: 'api' } }),
      'shop/deploy/legacy': workload('legacy', { labels: { tier: 'api' } }),
      'shop/sts/front-db': workload('front-db'),
      'test/deploy/front-page': workload('front-page', { labels: { tier: 'web' } }),
    },
    namespaces: { shop: true, test: true, empty: true },
  };
  const page = 'Deployment shop/front-page';
  const api = 'Deployment shop/front-api';

  test.each<[string, string[]]>([
    ['- deploy/front-*', [page, api]],
    ['- shop/*/front-*', [page, api, 'StatefulSet shop/front-db']],
    ['- "*/front-page"', [page]],
    ['- {name: front-page, kind: deploy, namespaces: [shop, test]}', [page, 'Deployment test/front-page']],
    ['- {name: "*", namespace: test}', ['Deployment test/front-page']],
    ['- {selector: tier=api, name: front-*}', [api]],
    ['- {selector: tier=api, exclude: legacy}', [api]],
    ['- {selector: tier, exclude: [deploy/legacy, "*-page"]}', [api]],
    ['- {selector: tier, namespaces: [shop, test], exclude: shop/*/*}', ['Deployment test/front-page']],
    ['- {name: "*", exclude: {kind: deploy}}', ['StatefulSet shop/front-db']],
    [
      '- {selector: tier, namespaces: [shop, test], exclude: [{namespace: shop, name: front-*}, legacy]}',
      ['Deployment test/front-page'],
    ],
    // What one entry excludes, another may mean, with settings of its own.
    [
      '- {selector: tier=api, exclude: legacy}\n- {kind: deploy, name: legacy, port: 80}',
      [api, 'Deployment shop/legacy'],
    ],
  ])('%s', (list, found) => {
    expect(names(resolve(list, FRONT))).toEqual(found);
    expect(warnings(list, FRONT)).toEqual([]);
  });

  test.each<[string, string]>([
    [
      '- deploy/fornt-*',
      'the name "fornt-*" matches no Deployment in shop, where there are 3. Use one of: front-page, front-api or legacy.',
    ],
    [
      '- deploy/x-*',
      'the name "x-*" matches no Deployment in shop, where there are 3. Use one of: front-page, front-api or legacy.',
    ],
    [
      '- test/sts/x-*',
      'the name "x-*" matches no StatefulSet in test, where there is none. Check the namespace and the kinds.',
    ],
    [
      '- empty/*/a*',
      'the name "a*" matches no Deployment, StatefulSet or DaemonSet in empty, where there is none. Check the namespace and the kinds.',
    ],
    [
      '- {name: front-api, kind: deploy, namespaces: [shop, test]}',
      'Deployment test/front-api does not exist. Change it to deployment/front-page.',
    ],
    [
      '- "test/*/front-db"',
      'Deployment, StatefulSet or DaemonSet test/front-db does not exist. Use deployment/front-page.',
    ],
    [
      '- {selector: tier=api, name: x*}',
      'the selector "tier=api" with the name "x*" matches no Deployment, StatefulSet or DaemonSet in shop, where there are 4. Use one of: front-api or legacy.',
    ],
  ])('%s: a problem', (list, message) => {
    expect(messages(resolve(list, FRONT))).toEqual([`targets, entry 1: ${message}`]);
  });

  test('excluding all that is selected is a problem', () => {
    expect(messages(resolve('- {selector: tier=api, exclude: ["*-api", legacy]}', FRONT))).toEqual([
      'targets, entry 1 excludes every workload that it selects: Deployment shop/front-api and Deployment shop/legacy. Remove an exclusion, or take the entry out of the list.',
    ]);
  });

  test.each<[string, string]>([
    ['legcy', 'exclude "legcy" matches none of its workloads. Did you mean legacy?'],
    ['deploy/legcy', 'exclude "deploy/legcy" matches none of its workloads. Did you mean legacy?'],
    ['sts/legacy', 'exclude "sts/legacy" matches none of its workloads. Did you mean Deployment shop/legacy?'],
    [
      'test/deploy/legacy',
      'exclude "test/deploy/legacy" matches none of its workloads. Did you mean Deployment shop/legacy?',
    ],
    ['old-*', 'exclude "old-*" matches none of its workloads.'],
    ['{namespace: test}', 'exclude {"namespace":"test"} matches none of its workloads.'],
  ])('that excludes %s is warned of', (exclude, warning) => {
    expect(warnings(`- {selector: tier=api, exclude: ${exclude}}`, FRONT)).toEqual([`targets, entry 1: ${warning}`]);
  });

  test('an exclusion of what is there but not selected anyway is not warned of, nor one where not all is known', () => {
    expect(warnings('- {selector: tier=api, exclude: front-page}', FRONT)).toEqual([]);
    const blind = { ...FRONT, unlisted: ['shop/StatefulSet'] };
    expect(warnings('- {selector: tier=api, exclude: legcy}', blind)).toEqual([]);
    expect(names(resolve('- {name: x*}', blind))).toEqual([]);
  });

  test('of namespaces that it has chosen, and nothing where it has chosen none', () => {
    const [entry] = entriesOf('- {namespace-selector: team=shop, selector: tier=web}');
    if (entry?.type !== 'selected' || entry.namespaces.type !== 'chosen') throw new Error('chooses nothing');
    const found = (namespaces: readonly string[]): ReturnType<typeof resolveTargets> => {
      const placed = { ...entry, namespaces: { ...entry.namespaces, found: namespaces } } as typeof entry;
      return resolveTargets([placed], workloadIndexOf(FRONT), {});
    };
    expect(found(['shop', 'test', 'empty']).targets.map(({ ref }) => describeWorkload(ref))).toEqual([
      page,
      'Deployment test/front-page',
    ]);
    expect(found(['empty']).problems.map(describeProblem)).toEqual([
      'targets, entry 1: the selector "tier=web" matches no Deployment, StatefulSet or DaemonSet in empty (namespace-selector "team=shop"), where there is none. Check the namespace and the kinds.',
    ]);
    expect(found([])).toEqual({ targets: [], problems: [], warnings: [] });
  });

  test('of 10,000 targets, with as many exclusions as a page has lines', () => {
    const many = Array.from({ length: 10_000 }, (_, at) => workload(`w-${at}`));
    const index = {
      ...workloadIndexOf({}),
      list: ({ kind }: { readonly kind: string }) => (kind === 'Deployment' ? many : []),
    };
    const exclude = Array.from({ length: 60 }, (_, at) => `"*-${at}"`).join(', ');
    const { targets, problems, warnings } = resolveTargets(
      entriesOf(`- {kind: deploy, name: w-*, exclude: [${exclude}]}`),
      index,
      {},
    );
    expect([targets.length, problems, warningTexts(warnings)]).toEqual([9_940, [], []]);
  });
});

test('a list is gone through a few times, however many entries name its workloads or miss them', () => {
  let looks = 0;
  const names = Array.from({ length: 500 }, (_, at) => `w${at}`);
  const workloads = names.map((name) => ({
    get metadata() {
      looks++;
      return { name, namespace: 'shop' };
    },
  }));
  const workloadIndex = {
    kinds: ['Deployment'],
    list: () => workloads,
    namespaceState: () => 'there' as const,
    namespaces: [],
  };
  const list = [...names, ...names.map((name) => `absent-${name}`)].map((name) => `- deploy/${name}`).join('\n');
  const { targets, problems } = resolveTargets(entriesOf(list), workloadIndex, {});
  expect([targets.length, problems.length]).toEqual([500, 500]);
  // Each of the problems that are shown one by one names what may be meant.
  expect(looks).toBeLessThan(names.length * 110);
});
