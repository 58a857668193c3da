import { describe, expect, test } from '@jest/globals';
import { describeProblem } from '../../../src/base/problem.ts';
import { chooseNamespaces, type FoundNamespace } from '../../../src/targets/namespaces.ts';
import { namespacesOf } from '../../../src/targets/target.ts';
import { entriesOf } from '../builders.ts';

const namespace = (name: string, labels: FoundNamespace['labels'] = {}, isTerminating = false): FoundNamespace => ({
  name,
  labels: { 'kubernetes.io/metadata.name': name, ...labels },
  isTerminating,
});
const CLUSTER = [
  namespace('shop', { team: 'shop', stage: 'live' }),
  namespace('shop-edge', { team: 'shop' }),
  namespace('team-a', { team: 'a' }),
  namespace('team-b', { team: 'b' }),
  namespace('team-old', { team: 'shop' }, true),
  namespace('kube-system'),
  namespace('kube-public'),
  namespace('istio-system', { team: 'shop' }),
  namespace('istio-ingress', { team: 'mesh' }),
];

const choose = (list: string): { found: readonly (readonly string[])[]; said: string[]; notes: readonly string[] } => {
  const { entries, problems, notes } = chooseNamespaces(entriesOf(list), CLUSTER);
  return { found: entries.map(namespacesOf), said: problems.map(describeProblem), notes };
};

describe('an entry chooses', () => {
  test.each<[string, string[]]>([
    ['namespace-selector: team=shop', ['shop', 'shop-edge']],
    ['namespace-selector: "team in (a, b)"', ['team-a', 'team-b']],
    ['namespace-selector: "team=shop,!stage"', ['shop-edge']],
    ['namespace-selector: {team: shop, stage: live}', ['shop']],
    // Every namespace has this label.
    ['namespace-selector: kubernetes.io/metadata.name', ['istio-ingress', 'shop', 'shop-edge', 'team-a', 'team-b']],
    ['namespaces: ["team-*"]', ['team-a', 'team-b']],
    ['namespaces: ["*"]', ['istio-ingress', 'shop', 'shop-edge', 'team-a', 'team-b']],
    ['namespaces: ["*-system", team-a, "shop*"]', []],
    ['namespaces: ["kube-*"]', ['kube-public', 'kube-system']],
    ['namespaces: ["istio-*"]', ['istio-ingress', 'istio-system']],
    ['namespaces: [shop, "team-*", istio-system]', ['istio-system', 'shop', 'team-a', 'team-b']],
  ])('%s', (text, namespaces) => {
    const { found, said } = choose(`- {${text}, name: "*"}`);
    expect(found).toEqual([namespaces]);
    expect(said).toHaveLength(namespaces.length === 0 ? 1 : 0);
  });

  test('and other entries stay as they are', () => {
    const list = '- deploy/a\n- {selector: x, namespaces: [b, c]}';
    expect(chooseNamespaces(entriesOf(list), []).entries).toEqual(entriesOf(list));
    expect(choose(list)).toEqual({ found: [['shop'], ['b', 'c']], said: [], notes: [] });
  });

  test('and it is said what it chose, and what it left out and why', () => {
    expect(choose('- {namespace-selector: team=shop, name: "*"}\n- {namespaces: ["*"], selector: app}').notes).toEqual([
      'targets, entry 1: namespace-selector "team=shop": shop and shop-edge (left out: team-old, being deleted; istio-system, a system namespace, chosen only by name).',
      'targets, entry 2: namespaces "*": istio-ingress, shop, shop-edge, team-a and team-b (left out: team-old, being deleted; kube-system, kube-public and istio-system, system namespaces, chosen only by name).',
    ]);
  });
});

describe('an entry that chooses nothing is a problem', () => {
  test.each<[string, string]>([
    [
      'namespace-selector: team=shpo',
      'namespace-selector "team=shpo" matches none of the cluster\'s 9 namespaces. Change it to team=shop. Other values of team there: a, b and mesh.',
    ],
    [
      'namespace-selector: team=xyz',
      'namespace-selector "team=xyz" matches none of the cluster\'s 9 namespaces. Use a value that team has there: a, b, mesh or shop.',
    ],
    [
      'namespace-selector: taem=shop',
      'namespace-selector "taem=shop" matches none of the cluster\'s 9 namespaces. Change taem, which no namespace has, to team.',
    ],
    [
      'namespace-selector: owner',
      'namespace-selector "owner" matches none of the cluster\'s 9 namespaces. Use a label that a namespace has: none has owner.',
    ],
    [
      'namespace-selector: "team=shop,team=a"',
      'namespace-selector "team=shop,team=a" matches none of the cluster\'s 9 namespaces. Check the spelling and the context of the kubeconfig.',
    ],
    [
      'namespace-selector: "!team"',
      'namespace-selector "!team" matches only kube-system and kube-public, system namespaces, chosen only by name. Check the spelling and the context of the kubeconfig.',
    ],
    [
      'namespaces: [team-old*]',
      'the namespace pattern "team-old*" matches only team-old, which is being deleted. Check the spelling and the context of the kubeconfig.',
    ],
    ['namespaces: [taem-a*]', 'the namespace pattern "taem-a*" matches no namespace. Change it to team-a.'],
    [
      'namespaces: [x-*, team-*]',
      'the namespace pattern "x-*" matches no namespace. Check the spelling and the context of the kubeconfig.',
    ],
    [
      'namespaces: [shpo, team-*]',
      'the namespace "shpo" does not exist. Change it to shop, or check the context of the kubeconfig.',
    ],
  ])('%s', (text, message) => {
    expect(choose(`- {${text}, name: "*"}`).said).toEqual([`targets, entry 1: ${message}`]);
  });

  test('each of them, all at once', () => {
    const { found, said } = choose('- x-*/deploy/a\n- {namespace-selector: no=such, name: "*"}\n- team-*/deploy/a');
    expect(found).toEqual([[], [], ['team-a', 'team-b']]);
    expect(said.map((one) => one.slice(0, 16))).toEqual(['targets, entry 1', 'targets, entry 2']);
  });
});

test('a problem says where the entry stands, in a file of the workspace', () => {
  const at = { file: 'filters.yaml', line: 7, column: 9 };
  const [entry] = entriesOf('- { namespace-selector: no=such, name: "*" }');
  const { problems } = chooseNamespaces(entry === undefined ? [] : [{ ...entry, at }], CLUSTER);
  expect(problems).toMatchObject([{ at }]);
});
