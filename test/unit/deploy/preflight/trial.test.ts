import { describe, expect, test } from '@jest/globals';
import { silentLog } from '../../../../src/base/log.ts';
import { tryRevision } from '../../../../src/deploy/preflight/trial.ts';
import type { TrialFinding } from '../../../../src/deploy/preflight/trial-problem.ts';
import type { ProxyVersion } from '../../../../src/filter/compatibility/proxy-version.ts';
import { checkModule } from '../../../../src/filter/module/module.ts';
import { makeRevision } from '../../../../src/mesh/identity/revision.ts';
import { trial } from '../../../harness/trial.ts';
import { must, settings } from '../../builders.ts';
import { callback, filter } from '../../filter/trial/modules.ts';

const HEAD = `(import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)`;
const POLLED = '(call $poll (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))';

const proxies = (...minors: readonly number[]): ProxyVersion[] =>
  minors.map((minor) => ({ istio: `1.${minor - 8}.0`, envoy: { major: 1, minor } }));

async function findings(body: string, found: readonly ProxyVersion[]): Promise<readonly TrialFinding[]> {
  const module = must(checkModule(await filter({ head: HEAD, body }), 'f'));
  const tried = await tryRevision(makeRevision('f', module, settings()), found, {
    trial,
    log: silentLog,
  });
  return tried.findings.filter((finding) => Object.keys(finding).length > 0);
}

describe('a filter that polls while it starts', () => {
  const body = callback('_initialize', '', '', `(drop ${POLLED})`);
  const refusal = (envoy: string) => ({
    problem: expect.objectContaining({
      message: expect.stringMatching(
        new RegExp(
          `^fails as soon as it starts in a trial run .*, as it would in ${envoy}: .*Envoy before 1\\.39 forbids`,
        ),
      ),
    }),
  });

  test('is refused where all proxies would', async () => {
    expect(await findings(body, proxies(36, 38))).toEqual([refusal('Envoy')]);
  });

  test('is refused where one proxy would, by its name', async () => {
    expect(await findings(body, proxies(40, 38))).toEqual([refusal('Envoy 1\\.38 \\(Istio 1\\.30\\)')]);
  });

  test.each([
    ['newer proxies', proxies(39, 40)],
    ['proxies that nobody knows', []],
  ])('is taken with %s', async (_case, found) => {
    expect(await findings(body, found)).toEqual([]);
  });
});

test('a request that fails in one of two kinds of proxies is a warning that says in which', async () => {
  const body = callback('proxy_on_request_headers', 'i32 i32 i32', 'i32.const 0', `(if ${POLLED} (then unreachable))`);
  const text = expect.stringMatching(
    /^The filter "f" loads in a trial run as Envoy 1\.38 \(Istio 1\.30\), but the first request fails/,
  );
  expect(await findings(body, proxies(38, 40))).toMatchObject([{ warning: { text } }]);
});

test('what every kind of proxy rejects is said once', async () => {
  const body = callback('proxy_on_configure', 'i32 i32', 'i32.const 0');
  expect(await findings(body, proxies(36, 37, 40))).toHaveLength(1);
});
