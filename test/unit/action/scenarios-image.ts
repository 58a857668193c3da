import type { Report } from '../../../src/deploy/report/report.ts';
import { deployed, deployPlan, filter, report, rolledBack } from './report-builder.ts';
import { workloads } from './shop.ts';

const REFERENCE = `registry.example/filters/add-header@sha256:${'4f'.repeat(32)}`;

/** The usual filter, from an image that the proxies pull. */
const pulled = filter({
  bytes: 2_411_724,
  settings: { ...filter().settings, image: { reference: REFERENCE, phase: 'unspecified', pullSecret: 'regcred' } },
  delivered: 'the module is 2.3 MiB, and a ConfigMap holds 1 MiB',
});

/** Endings of filters that are delivered as images. */
export const IMAGE_SCENARIOS: Readonly<Record<string, () => Report>> = {
  'image-deployed': () => report({ filters: [pulled], targets: workloads.map((path) => deployed(path)) }),

  'traffic-extension-deployed': () =>
    report({
      filters: [pulled],
      targets: [deployed('shop/reviews'), deployed('shop/ratings')],
      plan: deployPlan({ pluginKind: 'TrafficExtension' }),
    }),

  'image-not-pulled': () =>
    report({
      filters: [pulled],
      targets: [
        rolledBack('shop/reviews', {
          pods: { ready: 1, wanted: 3 },
          durationMs: 6_200,
          problem: {
            kind: 'rollout',
            subject: 'Deployment shop/reviews',
            message: `has new pods that run without the filter: Pull of ${REFERENCE} failed: could not fetch image: GET https://registry.example/token: UNAUTHORIZED: authentication required.`,
            remedy:
              'Name a Secret with the credentials of the registry in the input "pull-secret", so that the proxies can pull the image.',
          },
          diagnosis: [
            `istio-agent: Pull of ${REFERENCE} failed: could not fetch image: GET https://registry.example/token: UNAUTHORIZED: authentication required`,
          ],
        }),
      ],
      durationMs: 19_300,
    }),
};
