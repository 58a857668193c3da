import { describe, expect, test } from '@jest/globals';
import { describeProblem, fail, ok, type Result } from '../../../src/base/problem.ts';
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
      'Deployment shop/reviews: is named by targets, entry 1 and by targets, entry 2 with different settings. Give it one entry, or the same configuration, direction, port and insert in both.',
    ]);
  });

  test('entries that disagree about its wave, which is 1 where none is named', () => {
    expect(messages(resolve('- deploy/reviews\n- {selector: app=reviews, wave: 2}'))).toEqual([
      'Deployment shop/reviews: is named by targets, entry 1 and by targets, entry 2 with different waves. Give it one entry, or the same wave in both.',
    ]);
    expect(must(resolve('- deploy/reviews\n- {selector: app=reviews, wave: 1}'))).toHaveLength(1);
    expect(problemsIn(resolve('- {selector: app=reviews, wave: 3, port: 80}\n- deploy/reviews'))).toHaveLength(2);
  });

  test('a selector that matches nothing, with what it was compared with', () => {
    const [message, ...more] = messages(resolve('- {selector: app=web, kinds: [deploy, sts]}'));
    expect(more).toEqual([]);
    expect(message).toMatch(
      /^targets, entry 1: the selector "app=web" matches no Deployment or StatefulSet in shop, where there are 3\. /,
    );
    expect(message).toContain('metadata.labels');
  });

  test.each<[string, string, string]>([
    ['the nearest names', '- deploy/reveiws', 'Did you mean reviews?'],
    ['the kind that has the name', '- deploy/db', 'There is a StatefulSet of that name.'],
    ['what there is', '- deploy/zzzzzzzzz', 'Namespace shop has the Deployments reviews and ratings.'],
    ['that there is nothing of that kind', '- ds/zzzzzzzzz', 'The namespace has no DaemonSets.'],
  ])('a workload that is not there, with %s', (_, list, remedy) => {
    const [problem] = problemsIn(resolve(list));
    expect(problem).toMatchObject({ kind: 'targets', subject: 'targets, entry 1', remedy });
    expect(problem?.message).toMatch(/^\w+ shop\/\w+ does not exist\.$/);
  });

  test('no more than five of many names', () => {
    const many = Array.from({ length: 12 }, (_, at) => `service-${at}`);
    const workloads = Object.fromEntries(many.map((name) => [`shop/deploy/${name}`, workload(name)]));
    expect(messages(resolve('- deploy/x', { workloads }))[0]).toMatch(
      /Namespace shop has the Deployments service-0, .*service-4 and 7 more\.$/,
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
      'targets, entry 1: the namespace "shpo" does not exist. Did you mean shop? Check the spelling and the context of the kubeconfig.',
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
      /does not exist\. The namespace has no Deployments, or the namespace itself does not exist\.$/,
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

test('a list is gone through a few times, however many entries name its workloads or miss them', () => {
  let looks = 0;
  const names = Array.from({ length: 500 }, (_, at) => `w${at}`);
  const workloads = names.map((name) => ({
    get metadata() {
      looks++;
      return { name, namespace: 'shop' };
    },
  }));
  const workloadIndex = { kinds: ['Deployment'], list: () => workloads, namespaceExists: () => true };
  const list = [...names, ...names.map((name) => `absent-${name}`)].map((name) => `- deploy/${name}`).join('\n');
  const { targets, problems } = resolveTargets(entriesOf(list), workloadIndex, {});
  expect([targets.length, problems.length]).toEqual([500, 500]);
  // Each of the problems that are shown one by one names what may be meant.
  expect(looks).toBeLessThan(names.length * 110);
});
