import type { Report } from '../../../src/deploy/report/report.ts';
import {
  change,
  deployed,
  filter,
  MODULE,
  NEW,
  OLD,
  OLD_MODULE,
  planned,
  ref,
  removed,
  report,
  rolledBack,
  untouched,
  verification,
} from './report-builder.ts';

const REFERENCE = `registry.example/filters/add-header@sha256:${'4f'.repeat(32)}`;

const pulled = filter({
  settings: { ...filter().settings, image: { reference: REFERENCE, phase: 'unspecified' } },
  delivered: 'a Gateway is among the targets, and nothing can be mounted into its pods',
});
const two = {
  pods: { ready: 2, wanted: 2 },
  durationMs: 900,
  verification: verification('listener', { pods: 2, wanted: 2 }),
};
const [web, waypoint] = ['Gateway edge/web', 'Gateway shop/waypoint'];
const PLUGIN = [
  '   pluginConfig:',
  '-    mode: lax',
  '+    mode: strict',
  '   priority: 0',
  `-  url: oci://${REFERENCE.replaceAll('4f', '0b')}`,
  `+  url: oci://${REFERENCE}`,
];

/** Endings of filters on Gateways of the Gateway API. */
export const GATEWAY_SCENARIOS: Readonly<Record<string, () => Report>> = {
  'gateways-planned': () =>
    report({
      command: 'plan',
      filters: [pulled],
      requests: { reads: 22, writes: 0 },
      durationMs: 1_900,
      targets: ['shop/reviews', web, waypoint].map((path) => untouched(path)),
      plan: planned({
        changes: [
          change(`create WasmPlugin edge/add-header-${NEW}`, { diff: ['+spec:', `+  url: oci://${REFERENCE}`] }),
          change('change WasmPlugin edge/add-header.web', { diff: PLUGIN }),
          change('change WasmPlugin shop/add-header.waypoint', { diff: PLUGIN }),
        ],
        modules: [
          {
            filter: 'add-header',
            state: 'other',
            before: MODULE,
            after: { ...MODULE, image: REFERENCE },
            workloads: ['Deployment shop/reviews'],
          },
          {
            filter: 'add-header',
            state: 'other',
            before: { ...OLD_MODULE, image: `ghcr.io/octo/add-header@sha256:${'5e'.repeat(32)}` },
            after: { ...MODULE, image: REFERENCE },
            workloads: [web, waypoint],
          },
        ],
        inPlace: [
          { ref: ref(waypoint), wave: 1 },
          { ref: ref(web), wave: 2 },
        ],
        waves: 2,
      }),
    }),

  'gateways-deployed': () =>
    report({
      filters: [pulled],
      targets: [deployed('shop/reviews'), deployed(waypoint, { ...two, wave: 1 }), deployed(web, { ...two, wave: 2 })],
    }),

  'gateway-rolled-back': () =>
    report({
      filters: [pulled],
      targets: [
        rolledBack(web, {
          pods: { ready: 2, wanted: 2 },
          durationMs: 1_100,
          rollback: { state: 'rolled-back', to: { 'add-header': OLD }, durationMs: 300 },
          problem: {
            kind: 'verification',
            subject: 'Gateway edge/web',
            form: 'clause',
            message:
              'add-header does not run in pod web-istio-7d4b9c6f5-x2x7p, and the proxy rejects every request instead: Pull of ' +
              `${REFERENCE} failed: could not fetch image: dial tcp: lookup registry.example: no such host.`,
            remedy:
              'Check that the pods can reach the registry and trust its certificate. A registry without TLS, or with another certificate, must be in the variable WASM_INSECURE_REGISTRIES of istio-proxy. For workloads other than Gateways, "delivery: configmap" needs no registry.',
          },
          diagnosis: [],
        }),
        deployed('shop/reviews'),
      ],
    }),

  'gateways-removed': () => report({ command: 'remove', targets: [removed(web, two), removed('shop/reviews')] }),
};
