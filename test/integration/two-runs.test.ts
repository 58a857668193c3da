import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Workload } from '../../src/cluster/objects.ts';
import { revisionOn, stateOn } from '../../src/mesh/template/template.ts';
import type { ActionInputs, RunOptions, SeenReport } from '../harness/action.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import type { RecordedRequest } from '../harness/recorder.ts';
import { pathOf } from '../harness/workloads.ts';
import { revisionOf, Scene } from './scene.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.stop());

const FILTER = 'add-header';
/** More than are changed at once by default. */
const WORKLOADS = 12;

/** A run of GitHub, or one outside of it, which has no number. */
const runOf = (id: number, attempt = 1): RunOptions => ({
  environment: { GITHUB_REPOSITORY: 'shop/filters', GITHUB_RUN_ID: String(id), GITHUB_RUN_ATTEMPT: String(attempt) },
});
const LOCAL: RunOptions = { environment: {} };

/** A namespace with workloads that all run a verified revision, and whose next pods wait until they are released. */
class Shop {
  readonly scene: Scene;
  readonly first: string;
  readonly release: () => Promise<void>;
  readonly #workloads: readonly Workload[];

  private constructor(scene: Scene, workloads: readonly Workload[], first: string, release: () => Promise<void>) {
    this.scene = scene;
    this.#workloads = workloads;
    this.first = first;
    this.release = release;
  }

  static async open(): Promise<Shop> {
    const scene = await Scene.open(cluster);
    const workloads: Workload[] = [];
    for (let at = 0; at < WORKLOADS; at++) workloads.push(await scene.switched(`w${at}`));
    const { targets } = await scene.deploy({ 'max-parallel': '100%' });
    const [first] = targets.map(revisionOf);
    scene.forget();
    return new Shop(scene, workloads, first ?? '', await scene.hold());
  }

  /** Deploys by name to all of them, from the first to the last or the other way round. */
  deploy(name: string, options: RunOptions, inputs: ActionInputs = {}, order: 'forwards' | 'backwards' = 'forwards') {
    const all = [...this.#workloads.keys()].map((at) => `- deployment/w${at}`);
    const targets = (order === 'forwards' ? all : all.reverse()).join('\n');
    return this.scene.deploy({ configuration: `x-test: ${name}`, targets, ...inputs }, options);
  }

  /** Resolves once a run, by what it records, has put its revision on workloads. */
  async patched(run: string, count = 1): Promise<void> {
    const isOf = (one: RecordedRequest): boolean => this.#isPatch(one) && one.body?.includes(run) === true;
    await this.scene.seen(
      `${count} patches of ${run}`,
      () => this.scene.requests.filter(isOf).length >= count || false,
    );
  }

  #isPatch({ method, path, status }: RecordedRequest): boolean {
    return method === 'PATCH' && status === 200 && this.#workloads.some((one) => path.startsWith(`${pathOf(one)}?`));
  }

  /** The patches of workloads that have some text. */
  patches(text: string): readonly RecordedRequest[] {
    return this.scene.requests.filter((one) => this.#isPatch(one) && one.body?.includes(text) === true);
  }

  now(): Promise<readonly Workload[]> {
    return Promise.all(this.#workloads.map((workload) => this.scene.now(workload)));
  }

  /** What `status` says of the filter on each workload that has it. */
  async status(): Promise<readonly [health: string, revision: string | undefined][]> {
    const { status } = await this.scene.deploy({ command: 'status', targets: '', configuration: '', filter: '' });
    return (status?.workloads ?? []).flatMap(({ filters }) =>
      filters.map(({ health, revision }): [string, string | undefined] => [health, revision]),
    );
  }

  /** Every workload runs this revision, whose objects are there. */
  async expectAll(revision: string): Promise<void> {
    const now = await this.now();
    expect(now.map((workload) => revisionOn(workload, FILTER))).toEqual(now.map(() => revision));
    expect((await this.scene.objects()).configMaps).toContain(`${FILTER}-${revision}`);
    expect(await this.status()).toEqual(now.map(() => ['verified', revision]));
  }

  /** No workload has the filter, and nothing of it is left. */
  async expectNone(): Promise<void> {
    const now = await this.now();
    expect(now.map((workload) => [revisionOn(workload, FILTER), stateOn(workload)])).toEqual(
      now.map(() => [undefined, {}]),
    );
    expect(await this.scene.objects()).toEqual({ configMaps: [], envoyFilters: [] });
    expect(await this.status()).toEqual([]);
  }
}

/** What a run wanted to bring. */
const wantedBy = ({ targets: [target] }: SeenReport): string => (target === undefined ? '' : revisionOf(target));

describe('two runs at once, with no more workloads at once than by default', () => {
  test.each([
    ['the same order', 'forwards', runOf(41), runOf(42)],
    ['the opposite order', 'backwards', runOf(41), runOf(42)],
    ['the opposite order, and the later one is the re-run of an earlier run', 'backwards', runOf(42), runOf(41, 2)],
  ] as const)('that come in %s: the later one gets all', async (_, order, early, late) => {
    const shop = await Shop.open();
    const names = [early, late].map(
      ({ environment: { GITHUB_RUN_ID: id, GITHUB_RUN_ATTEMPT: at } = {} }) => `${id}/${at}`,
    );
    const older = shop.deploy('older', early);
    await shop.patched(`filters/${names[0]}`, 5);
    const newer = shop.deploy('newer', late, {}, order);
    await shop.patched(`filters/${names[1]}`, 5);
    await shop.release();
    const reports = await Promise.all([older, newer]);
    expect(reports.map(({ outcome }) => outcome)).toEqual(['superseded', 'deployed']);
    expect(reports.flatMap(({ problems }) => problems)).toEqual([]);
    const revision = wantedBy(reports[1]);
    await shop.expectAll(revision);
    // The earlier one has written, and tells what it leaves that no workload has of it any more.
    const [{ changed, targets, collected }] = reports;
    const name = `${FILTER}-${wantedBy(reports[0])}`;
    const left = targets.some(({ outcome }) => outcome === 'deployed') ? [] : [name, name];
    expect([changed, collected.left.map(({ object }) => object.split('/')[1])]).toEqual([true, left]);
    // What was good before both is what it goes back to.
    for (const workload of await shop.now()) {
      const { previous, fallback } = stateOn(workload)[FILTER] ?? {};
      expect([fallback ?? previous, previous === shop.first || previous === wantedBy(reports[0])]).toEqual([
        shop.first,
        true,
      ]);
    }
  });

  test.each([
    ['on GitHub', runOf(51), runOf(52)],
    ['outside of GitHub, without a number', LOCAL, LOCAL],
    ['of one matrix', runOf(53), runOf(53)],
  ])('that start at the same moment %s, from both ends: one of them gets all', async (_, one, other) => {
    const shop = await Shop.open();
    const runs = Promise.all([shop.deploy('one', one), shop.deploy('other', other, {}, 'backwards')]);
    await shop.patched('started', 10);
    await shop.release();
    const reports = await runs;
    expect(reports.map(({ outcome }) => outcome).sort()).toEqual(['deployed', 'superseded']);
    const [winner] = reports.filter(({ outcome }) => outcome === 'deployed');
    await shop.expectAll(winner === undefined ? '' : wantedBy(winner));
  });

  test('and a third one: the last one gets all', async () => {
    const shop = await Shop.open();
    const runs: Promise<SeenReport>[] = [];
    for (const [id, order] of [
      [61, 'forwards'],
      [62, 'backwards'],
      [63, 'forwards'],
    ] as const) {
      runs.push(shop.deploy(`run ${id}`, runOf(id), {}, order));
      await shop.patched(`filters/${id}/1`, 3);
    }
    await shop.release();
    const reports = await Promise.all(runs);
    expect(reports.map(({ outcome }) => outcome)).toEqual(['superseded', 'superseded', 'deployed']);
    await shop.expectAll(reports.map(wantedBy)[2] ?? '');
  });

  test('and the older one looks only after the newer one has begun: it writes nothing', async () => {
    const shop = await Shop.open();
    let begun: (() => void) | undefined;
    const newerHasBegun = new Promise<void>((resolve) => {
      begun = resolve;
    });
    let held = false;
    shop.scene.inject(({ method, path }) => {
      if (held || method !== 'GET' || !path.includes('/deployments')) return undefined;
      held = true;
      return { meanwhile: () => newerHasBegun };
    });
    const older = shop.deploy('older', runOf(71));
    await shop.scene.seen('that the older run looks', () => held);
    const newer = shop.deploy('newer', runOf(72));
    await shop.patched('filters/72/1', 5);
    begun?.();
    const late = await older;
    expect([late.outcome, late.changed]).toEqual(['superseded', false]);
    await shop.release();
    const report = await newer;
    expect(report.outcome).toBe('deployed');
    await shop.expectAll(wantedBy(report));
  });

  test('and the newer one fails: it goes back to what was verified last', async () => {
    const shop = await Shop.open();
    await shop.release();
    await shop.scene.turn('unready');
    const older = shop.deploy('older', runOf(81), { timeout: '60s' });
    await shop.patched('filters/81/1', 5);
    const newer = await shop.deploy('newer', runOf(82), { timeout: '1s' });
    expect(newer.outcome).toBe('failed');
    expect((await older).outcome).toBe('superseded');
    await shop.expectAll(shop.first);
  });

  test('and the older one fails: it does not take away what the newer one has put there', async () => {
    const shop = await Shop.open();
    const older = shop.deploy('older', runOf(91), { timeout: '2s' });
    await shop.patched('filters/91/1', 5);
    const newer = shop.deploy('newer', runOf(92), {}, 'backwards');
    await older;
    await shop.release();
    const report = await newer;
    expect([report.outcome, report.problems]).toEqual(['deployed', []]);
    await shop.expectAll(wantedBy(report));
  });

  describe('and one of them removes the filter', () => {
    const REMOVE: ActionInputs = { command: 'remove', targets: '', configuration: '', filter: '' };
    /** A patch of a removal names no run: it takes the state away. */
    const removals = (shop: Shop): number => shop.patches('"deploy-wasm-filter/state":null').length;

    test('after the deployment has begun: the filter is gone everywhere, with the objects of both', async () => {
      const shop = await Shop.open();
      const deploying = shop.deploy('deploy', runOf(101));
      await shop.patched('filters/101/1', 5);
      const removing = shop.scene.deploy(REMOVE, runOf(102));
      await shop.scene.seen('some removals', () => removals(shop) >= 5);
      await shop.release();
      const [deployed, removed] = await Promise.all([deploying, removing]);
      expect([deployed.outcome, deployed.problems]).toEqual(['superseded', []]);
      expect([removed.outcome, removed.problems]).toEqual(['removed', []]);
      await shop.expectNone();
    });

    test('from the other end: the same', async () => {
      const shop = await Shop.open();
      const deploying = shop.deploy('deploy', runOf(103), {}, 'backwards');
      await shop.patched('filters/103/1', 5);
      const removing = shop.scene.deploy(REMOVE, runOf(104));
      await shop.scene.seen('some removals', () => removals(shop) >= 5);
      await shop.release();
      const [deployed, removed] = await Promise.all([deploying, removing]);
      expect([deployed.outcome, deployed.problems]).toEqual(['superseded', []]);
      expect([removed.outcome, removed.problems]).toEqual(['removed', []]);
      await shop.expectNone();
    });

    test.each(['forwards', 'backwards'] as const)(
      'before the deployment has begun, which comes %s: the filter is deployed everywhere',
      async (order) => {
        const shop = await Shop.open();
        const removing = shop.scene.deploy(REMOVE, runOf(105));
        await shop.scene.seen('some removals', () => removals(shop) >= 5);
        // A scout would take as long as the removal.
        const deploying = shop.deploy('deploy', runOf(106), { scout: 'off' }, order);
        await shop.scene.seen('the objects of the deployment', ({ method, path }) => {
          return method === 'PATCH' && path.includes(`/envoyfilters/${FILTER}`);
        });
        await shop.release();
        const [removed, deployed] = await Promise.all([removing, deploying]);
        expect([deployed.outcome, deployed.problems]).toEqual(['deployed', []]);
        expect([removed.outcome, removed.problems]).toEqual(['superseded', []]);
        await shop.expectAll(wantedBy(deployed));
      },
    );

    test.each(['removal', 'deployment'] as const)(
      'and the %s is killed in the middle: the other one gets all',
      async (who) => {
        const shop = await Shop.open();
        const killed = new AbortController();
        const dies = { ...runOf(107), cancelled: killed.signal, abandoned: killed.signal };
        const isRemoval = who === 'removal';
        const dying = isRemoval ? shop.scene.deploy(REMOVE, dies) : shop.deploy('dies', dies);
        if (isRemoval) await shop.scene.seen('some removals', () => removals(shop) >= 5);
        else await shop.patched('filters/107/1', 5);
        killed.abort();
        await dying;
        const living = isRemoval ? shop.deploy('lives', runOf(108)) : shop.scene.deploy(REMOVE, runOf(108));
        await shop.release();
        const report = await living;
        expect([report.outcome, report.problems]).toEqual([isRemoval ? 'deployed' : 'removed', []]);
        if (isRemoval) await shop.expectAll(wantedBy(report));
        else await shop.expectNone();
      },
    );
  });

  describe('and one of its workloads is held back, so that the older one is done with the others first', () => {
    /** `fast` is verified by then, `slow` waits, and `late` comes in the next wave. */
    const open = async () => {
      const scene = await Scene.open(cluster);
      const fast = await scene.workload('fast');
      const slow = await scene.switched('slow');
      const late = await scene.workload('late');
      const before = await scene.deploy();
      const release = await scene.hold();
      scene.forget();
      const targets = '- deployment/fast\n- deployment/slow\n- { kind: deployment, name: late, wave: 2 }';
      const older = scene.deploy({ configuration: 'x-test: older', targets, 'max-parallel': '1' }, runOf(111));
      // One at a time: by then it is done with the first.
      await scene.seen('the other is patched', ({ path, method }) => method === 'PATCH' && path.includes('/slow?'));
      return { scene, fast, slow, late, release, older, before: wantedBy(before) };
    };

    test('a newer deployment of what it had verified supersedes it', async () => {
      const { scene, fast, late, release, older } = await open();
      const newer = await scene.deploy(
        { configuration: 'x-test: newer', targets: '- deployment/fast\n- deployment/late' },
        runOf(112),
      );
      expect(newer.outcome).toBe('deployed');
      await release();
      const report = await older;
      expect([report.outcome, report.problems]).toEqual(['superseded', []]);
      expect(report.targets.map(({ ref: { name }, outcome, newer: by }) => [name, outcome, by?.revision])).toEqual([
        ['fast', 'superseded', wantedBy(newer)],
        ['slow', 'deployed', undefined],
        ['late', 'superseded', wantedBy(newer)],
      ]);
      for (const one of [fast, late]) expect(revisionOn(await scene.now(one), FILTER)).toBe(wantedBy(newer));
    });

    test('a newer removal from what it had verified stays', async () => {
      const { scene, fast, late, release, older, before } = await open();
      const removed = await scene.deploy(
        { command: 'remove', targets: '- deployment/fast', configuration: '', filter: '' },
        runOf(112),
      );
      expect(removed.outcome).toBe('removed');
      await release();
      const report = await older;
      expect([report.outcome, report.problems]).toEqual(['superseded', []]);
      expect(report.targets.map(({ ref: { name }, outcome, newer: by }) => [name, outcome, by])).toEqual([
        ['fast', 'superseded', { filter: FILTER }],
        ['slow', 'deployed', undefined],
        ['late', 'untouched', undefined],
      ]);
      expect(revisionOn(await scene.now(fast), FILTER)).toBeUndefined();
      expect(revisionOn(await scene.now(late), FILTER)).toBe(before);
    });
  });
});
