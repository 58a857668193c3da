import { defined } from '../../../src/base/defined.ts';
import type { Problem } from '../../../src/base/problem.ts';
import type { Warning } from '../../../src/base/warning.ts';
import { FILTER_CHECKS, type FilterCheck } from '../../../src/deploy/filter-checks.ts';
import type { CheckedFilter, CheckResult, FoundByCheck } from '../../../src/deploy/report/check-report.ts';
import type { Report } from '../../../src/deploy/report/report.ts';
import { isKnownProxy, KNOWN_PROXIES } from '../../../src/filter/compatibility/known-proxies.ts';
import { formatProxyVersion, parseProxyVersion } from '../../../src/filter/compatibility/proxy-version.ts';
import { filter, report } from './report-builder.ts';

/** What a check says of an Envoy, by its minor version. */
type Says = (envoy: number) => CheckResult;

/** What the checks of a filter say that do not just pass, and how many different settings it has. */
type CheckSays = Partial<Record<FilterCheck, Says>> & {
  readonly variants?: number;
  readonly state?: CheckedFilter['state'];
};

/** What `check` has found of filters, each with the checks that do not just pass; for all known versions unless some are stated. */
export function found(filters: Readonly<Record<string, CheckSays>>, stated?: readonly string[]): FoundByCheck {
  const proxies = stated === undefined ? KNOWN_PROXIES : stated.flatMap((word) => parseProxyVersion(word) ?? []);
  return {
    state: 'checked',
    stated: stated !== undefined,
    proxies: proxies.map((proxy) => ({ ...proxy, name: formatProxyVersion(proxy), known: isKnownProxy(proxy) })),
    filters: Object.entries(filters).map(([name, { variants = 1, state = 'checked', ...checks }]) => {
      const resultsOf = (check: FilterCheck): CheckResult[] =>
        proxies.map(({ envoy }) => (state === 'skipped' ? 'undecided' : (checks[check]?.(envoy.minor) ?? 'passed')));
      const [inputs = [], module = [], hostFunctions = [], ofSettings = [], trial = []] = FILTER_CHECKS.map(resultsOf);
      return {
        name,
        state,
        settings: variants,
        results: { inputs, module, 'host-functions': hostFunctions, settings: ofSettings, trial, tests: [] },
        tests: [],
      };
    }),
  };
}

function checked(of: FoundByCheck, problems: readonly Problem[] = [], warnings: readonly Warning[] = []): Report {
  return report({
    command: 'check',
    clusters: [],
    requests: { reads: 0, writes: 0 },
    durationMs: 2_300,
    filters: of.filters.map(({ name }) => filter({ name })),
    problems,
    warnings,
    checked: of,
  });
}

const since =
  (minor: number, before: CheckResult): Says =>
  (envoy) =>
    envoy < minor ? before : 'passed';

const NEEDS_NEWER: Problem = {
  kind: 'filter',
  subject: 'filter "auth" (filters/shop.yaml:8:13)',
  at: { file: 'filters/shop.yaml', line: 8, column: 13 },
  message:
    'imports 1 function that came with a newer Envoy: wasi_snapshot_preview1.fd_sync with Envoy 1.39 (Istio 1.31). Older than that: Istio 1.9 to 1.30 (Envoy 1.17 to 1.38).',
  remedy: 'Upgrade Istio, or remove what calls these functions: files, sockets, sleeping.',
};
const rejected = (subject: string, at?: Problem['at']): Problem => ({
  kind: 'filter',
  subject,
  clause: 'the filter rejects its configuration',
  ...defined({ at }),
  message:
    'rejects its configuration in a trial run on this runner, as it would in Envoy: proxy_on_configure returned false. The filter said: error: no header',
  remedy:
    'Check the inputs "configuration" and "root-id", and what the filter logs. If Envoy accepts it after all, set "check: off" to skip this check.',
});

export const CHECK_SCENARIOS: Readonly<Record<string, () => Report>> = {
  'checked-manifest': () => checked(found({ auth: {}, 'add-header': { variants: 3 } })),

  'check-needs-newer': () =>
    checked(
      found({
        'add-header': {},
        auth: { 'host-functions': since(39, 'failed'), trial: since(39, 'undecided') },
      }),
      [NEEDS_NEWER],
    ),

  'check-configuration-rejected': () =>
    checked(found({ 'add-header': { trial: () => 'failed' } }, ['1.28', '1.31', 'envoy/1.36.2']), [
      rejected('filter "add-header"'),
    ]),

  'check-unknown-key': () =>
    checked(found({ 'add-header': { inputs: () => 'failed', trial: () => 'undecided' } }, ['1.31']), [
      {
        kind: 'input',
        subject: 'filters/shop.yaml:5:5: filters[0]',
        at: { file: 'filters/shop.yaml', line: 5, column: 5 },
        message: 'has the unknown key "rootid".',
        remedy: 'Did you mean "root-id"?',
      },
    ]),

  'check-mixed': () =>
    checked(
      found(
        {
          legacy: { state: 'skipped' },
          limits: { variants: 2, trial: () => 'failed' },
          waf: {
            module: () => 'failed',
            'host-functions': () => 'undecided',
            settings: () => 'undecided',
            trial: () => 'undecided',
          },
          slow: { trial: () => 'warned' },
          'add-header': {},
        },
        ['1.30', '1.31', '1.40'],
      ),
      [
        rejected('filter "limits" (filters/shop.yaml:21:9: filters[1].targets[1])', {
          file: 'filters/shop.yaml',
          line: 21,
          column: 9,
        }),
        {
          kind: 'registry',
          subject: 'ghcr.io/octo/waf:v2',
          message: 'does not exist in the registry.',
          remedy: 'Check the tag.',
        },
      ],
      [
        {
          topic: 'Trial run',
          subject: 'filter "slow"',
          text: 'The filter "slow" did not finish its trial run in time (request-headers).',
        },
      ],
    ),
};
