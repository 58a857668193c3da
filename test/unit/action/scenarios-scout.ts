import type { Report } from '../../../src/deploy/report/report.ts';
import { foundInScout } from '../../../src/deploy/scout/scout-problem.ts';
import { deployed, NEW, ref, report, steps, untouched } from './report-builder.ts';
import { workloads } from './shop.ts';

/** Runs that tried their filter in scouts first. */
export const SCOUT_SCENARIOS: Readonly<Record<string, () => Report>> = {
  'tried-in-scouts': () =>
    report({
      targets: workloads.map((path) => deployed(path)),
      scouts: { namespaces: ['shop'], pods: 1, durationMs: 5_200, unshown: ['port', 'insert'], untried: [] },
    }),

  'refused-in-scout': () =>
    report({
      targets: workloads.map((path) =>
        untouched(path, {
          revisions: [{ filter: 'add-header', revision: NEW }],
          steps: steps('done', 'done', 'skipped', 'skipped'),
        }),
      ),
      problems: [
        foundInScout(
          {
            kind: 'rollout',
            message:
              'cannot become ready: Envoy rejects add-header: Failed to configure base Wasm plugin. The filter said: the configuration must be "name: value"',
            remedy: 'The filter rejects its configuration: correct the input "configuration". Then re-run the job.',
          },
          { namespace: 'shop', targets: workloads.map((path) => ref(path)) },
        ),
      ],
      collected: { deleted: [`EnvoyFilter shop/add-header-${NEW}`, `ConfigMap shop/add-header-${NEW}`], left: [] },
      scouts: { namespaces: ['shop'], pods: 1, durationMs: 6_400, unshown: [], untried: [] },
    }),

  'untried-in-scout': () =>
    report({
      targets: workloads.map((path) => deployed(path)),
      warnings: [
        {
          topic: 'Scout',
          text: 'No scout tried the filters of Deployment shop/reviews before the rollout: the kubeconfig user cannot create pods.',
        },
      ],
      scouts: {
        namespaces: [],
        pods: 0,
        durationMs: 30,
        unshown: [],
        untried: ['the kubeconfig user cannot create pods'],
      },
    }),
};
