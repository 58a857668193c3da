/** The controllers of the embedded cluster. */
import type { Registry } from '../registry.ts';
import { ArgoRolloutController } from './argo-rollout.ts';
import { DaemonSetController } from './daemonset.ts';
import { DeploymentController } from './deployment.ts';
import { GarbageCollector } from './garbage.ts';
import { NamespaceController } from './namespace.ts';
import { NamespaceContentController } from './namespace-content.ts';
import { ReplicaSetController } from './replicaset.ts';
import { type RunningController, runController } from './runner.ts';
import { StatefulSetController } from './statefulset.ts';

/** Starts all controllers; they see every write from now on. */
export function startControllers(registry: Registry, caPem: string): RunningController {
  const running = [
    new DeploymentController(registry),
    new ReplicaSetController(registry),
    ...(registry.table.all.some(({ kind }) => kind === 'Rollout') ? [new ArgoRolloutController(registry)] : []),
    new StatefulSetController(registry),
    new DaemonSetController(registry),
    new GarbageCollector(registry),
    new NamespaceController(registry),
    new NamespaceContentController(registry, caPem),
  ].map((controller) => runController(registry, controller));
  return {
    stop() {
      for (const controller of running) controller.stop();
    },
  };
}
