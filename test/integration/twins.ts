import { expect } from '@jest/globals';
import { dump, load } from 'js-yaml';
import type { Workload } from '../../src/cluster/objects.ts';
import type { TargetReport } from '../../src/deploy/report/report.ts';
import { type ActionInputs, type ActionRun, type RunOptions, runAction, type SeenReport } from '../harness/action.ts';
import { grant } from '../harness/api.ts';
import type { TestCluster } from '../harness/cluster.ts';
import { commandsWithoutContext } from '../harness/commands-in-context.ts';
import type { FaultRule, RecordedRequest } from '../harness/recorder.ts';
import { createWorkloads, makeWorkload, pathOf, type WorkloadOptions } from '../harness/workloads.ts';
import { startInputs } from './start-inputs.ts';

/** The clusters of a run by their contexts, in the order in which they are named. */
export type Named = Readonly<Record<string, TestCluster>>;

/** What becomes of the kubeconfig of one cluster before a run gets it: another server, none that listens, a user with these permissions only. */
export interface ClusterParts {
  readonly down?: true;
  readonly server?: string;
  readonly rules?: readonly object[];
}

interface Config {
  clusters: { name: string; cluster: { server: string } }[];
  users: { name: string }[];
  contexts: { name: string; context: { cluster: string; user: string } }[];
  'current-context': string;
}

/** A namespace of one name in several clusters, with workloads of one name in each. */
export class Twins {
  readonly #clusters: Named;
  readonly namespace: string;
  readonly #workloads: Workload[] = [];
  readonly #since = new Map<string, number>();

  private constructor(clusters: Named, namespace: string) {
    this.#clusters = clusters;
    this.namespace = namespace;
  }

  static async open(clusters: Named): Promise<Twins> {
    const [first, ...others] = new Set(Object.values(clusters));
    if (first === undefined) throw new Error('No cluster');
    const namespace = await first.namespace();
    for (const cluster of others) await cluster.namespace(namespace);
    return new Twins(clusters, namespace);
  }

  /** Makes a workload in every cluster; `options` by cluster. */
  async workload(name: string, options: Readonly<Record<string, WorkloadOptions>> = {}): Promise<Workload> {
    for (const [context, { api }] of Object.entries(this.#clusters)) {
      await createWorkloads(api, makeWorkload(this.namespace, name, options[context] ?? {}));
    }
    const workload = makeWorkload(this.namespace, name);
    this.#workloads.push(workload);
    return workload;
  }

  async deploy(inputs: ActionInputs = {}, parts: Readonly<Record<string, ClusterParts>> = {}): Promise<SeenReport> {
    return (await this.run(inputs, parts)).report;
  }

  /** Runs the action over all clusters. Whatever kubectl command it offers has to say which of them it asks. */
  async run(
    inputs: ActionInputs = {},
    parts: Readonly<Record<string, ClusterParts>> = {},
    options: RunOptions = {},
  ): Promise<ActionRun> {
    const configs: string[] = [];
    for (const [context, cluster] of Object.entries(this.#clusters)) {
      configs.push(await this.#kubeconfig(context, cluster, parts[context] ?? {}));
    }
    const done = await runAction(
      {
        ...startInputs(this.namespace, this.#workloads),
        contexts: '*',
        kubeconfig: configs.join('---\n'),
        ...inputs,
      },
      options,
    );
    expect(commandsWithoutContext([done.report, done.log])).toEqual([]);
    return done;
  }

  /** What was changed in a cluster of this namespace since the start, or since `forget`. */
  writes(context: string): readonly RecordedRequest[] {
    const { recorder } = this.#cluster(context);
    const requests = recorder.requests.slice(this.#since.get(context) ?? 0);
    return recorder.writes.filter((request) => requests.includes(request) && this.#isOwn(request));
  }

  forget(): void {
    for (const [context, { recorder }] of Object.entries(this.#clusters)) {
      this.#since.set(context, recorder.requests.length);
    }
  }

  /** Makes faults of requests to one cluster about this namespace. */
  inject(context: string, rule: FaultRule): void {
    this.#cluster(context).recorder.inject((request) => (this.#isOwn(request) ? rule(request) : undefined));
  }

  now(context: string, workload: Workload): Promise<Workload> {
    return this.#cluster(context).api.get<Workload>(pathOf(workload));
  }

  #cluster(context: string): TestCluster {
    const cluster = this.#clusters[context];
    if (cluster === undefined) throw new Error(`No cluster ${context}`);
    return cluster;
  }

  /** With names of its own, as the kubeconfigs of two clusters that are read together must have. */
  async #kubeconfig(
    context: string,
    { api, recorder }: TestCluster,
    { down, server, rules }: ClusterParts,
  ): Promise<string> {
    const user = `${this.namespace}-limited`;
    if (rules !== undefined) await grant(api, this.namespace, user, rules);
    const config = load(recorder.kubeconfig(rules === undefined ? undefined : user)) as Config;
    for (const one of [...config.clusters, ...config.users, ...config.contexts]) one.name = context;
    for (const one of config.contexts) one.context = { cluster: context, user: context };
    // Nobody listens there.
    const other = down ? 'https://127.0.0.1:9' : server;
    if (other !== undefined) for (const { cluster } of config.clusters) cluster.server = other;
    config['current-context'] = context;
    return dump(config);
  }

  #isOwn({ path }: { readonly path: string }): boolean {
    return path.includes(`/namespaces/${this.namespace}/`);
  }
}

/** What became of the workloads, by cluster and name: `staging a`. */
export function outcomesIn({ targets }: SeenReport): Record<string, TargetReport['outcome']> {
  return Object.fromEntries(targets.map(({ ref, outcome }) => [`${ref.cluster ?? ''} ${ref.name}`, outcome]));
}
