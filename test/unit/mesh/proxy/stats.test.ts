import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseListenerUpdates } from '../../../../src/mesh/proxy/stats.ts';

/** As a proxy of Istio 1.31 (Envoy 1.40) wrote it after it had refused one update. */
const STATS = `# TYPE envoy_cluster_manager_cds_update_rejected counter
envoy_cluster_manager_cds_update_rejected{} 7
# TYPE envoy_listener_manager_lds_update_attempt counter
envoy_listener_manager_lds_update_attempt{} 5
# TYPE envoy_listener_manager_lds_update_rejected counter
envoy_listener_manager_lds_update_rejected{} 1
# TYPE envoy_listener_manager_lds_update_success counter
envoy_listener_manager_lds_update_success{} 3
# TYPE envoy_listener_manager_lds_update_duration histogram
envoy_listener_manager_lds_update_duration_bucket{le="0.5"} 1
`;

test('what a proxy wrote', () => {
  expect(parseListenerUpdates(STATS)).toEqual({ rejected: 1, succeeded: 3 });
});

test.each<[string, string, ReturnType<typeof parseListenerUpdates>]>([
  ['no braces', STATS.replaceAll('{}', ''), { rejected: 1, succeeded: 3 }],
  ['labels', STATS.replaceAll('{}', '{app="a"}'), { rejected: 1, succeeded: 3 }],
  ['lines that end as on Windows', STATS.replaceAll('\n', '\r\n'), { rejected: 1, succeeded: 3 }],
  ['no count of refusals', STATS.replace(/.+lds_update_rejected.+\n/g, ''), undefined],
  ['no count of successes', STATS.replace(/.+lds_update_success.+\n/g, ''), undefined],
  ['only what is told of them', STATS.replace(/^envoy.+$/gm, ''), undefined],
  ['nothing', '', undefined],
  ['an error page', 'upstream connect error', undefined],
])('%s', (_, text, updates) => {
  expect(parseListenerUpdates(text)).toEqual(updates);
});

test('the counts are found wherever they stand', () => {
  const other = fc.stringMatching(/^envoy_[a-z]{1,20}\{\} [0-9]{1,5}$/);
  fc.assert(
    fc.property(fc.nat(), fc.nat(), fc.array(other), fc.array(other), (rejected, succeeded, before, after) => {
      const lines = [
        ...before,
        `envoy_listener_manager_lds_update_success{} ${succeeded}`,
        `envoy_listener_manager_lds_update_rejected{} ${rejected}`,
        ...after,
      ];
      expect(parseListenerUpdates(lines.join('\n'))).toEqual({ rejected, succeeded });
    }),
  );
});
