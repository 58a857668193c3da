import { describe, expect, test } from '@jest/globals';
import { describePermission } from '../../../../src/base/permission.ts';
import { listWarnings } from '../../../../src/deploy/observe/new-pods.ts';
import { lastErrorLine, readEnvoyReason, readLastWords, readTraps } from '../../../../src/deploy/observe/pod-logs.ts';
import { refusal, startApiServer } from '../../cluster/api-server.ts';

test('what may not be read is told by its permission, and is no failure', async () => {
  const server = await startApiServer({ answer: () => refusal(403, 'Forbidden', 'no') });
  try {
    const denied = new Set<string>();
    const source = {
      client: server.client(),
      debug: () => undefined,
      denied: (permission: Parameters<typeof describePermission>[0]) => denied.add(describePermission(permission)),
    };
    expect(await listWarnings('shop', source)).toEqual([]);
    expect(
      await readLastWords({ metadata: { name: 'a' } }, 'shop', { name: 'app', ended: true }, source),
    ).toBeUndefined();
    expect([...denied]).toEqual(['list events in namespace "shop"', 'get pods/log in namespace "shop"']);
  } finally {
    await server.close();
  }
});

describe('the EnvoyFilter that inserts what Envoy refuses', () => {
  const REFUSED =
    "2026-01-02T03:04:05.678901Z\twarning\tenvoy config x.cc:1\tlds: listener 'any' config rejected: Invalid path: /etc/nope/waf.wasm\tthread=13";
  const waf = (name: string, spec: Record<string, unknown>): object => ({
    metadata: { name, namespace: 'shop' },
    spec: { configPatches: [{ patch: { value: { file: '/etc/nope/waf.wasm' } } }], ...spec },
  });
  const pod = { metadata: { name: 'web-0', labels: { app: 'web', 'gateway.networking.k8s.io/gateway-name': 'web' } } };
  const forGateway = (name: string): object => ({ targetRefs: [{ kind: 'Gateway', name }] });
  const selecting = (app: string): object => ({ workloadSelector: { labels: { app } } });

  test.each<[string, readonly object[], string | undefined]>([
    ['the one that selects the pod', [selecting('other'), selecting('web')], 'EnvoyFilter shop/waf-1'],
    ['the one for its Gateway', [forGateway('edge'), forGateway('web')], 'EnvoyFilter shop/waf-1'],
    ['none that is for other pods', [selecting('other'), forGateway('edge')], undefined],
  ])('is %s', async (_, specs, named) => {
    const items = specs.map((spec, at) => waf(`waf-${at}`, { ...spec }));
    const server = await startApiServer({
      answer: ({ path }) => ({
        status: 200,
        body: path.includes('/log?')
          ? REFUSED
          : JSON.stringify({ metadata: {}, items: path.includes('/shop/') ? items : [] }),
      }),
    });
    try {
      const source = { client: server.client(), debug: () => undefined };
      const reason = await readEnvoyReason(pod, 'shop', [{ name: 'add-header' }], source);
      expect(reason?.foreign).toEqual({
        refused: '/etc/nope/waf.wasm',
        ours: ['add-header'],
        ...(named !== undefined && { filterResource: named }),
      });
    } finally {
      await server.close();
    }
  });
});

test('a crash is read from the end of a log, and what clients say is no reason', async () => {
  const AT = '2026-01-02T03:04:05.678901Z\terror\tenvoy wasm x.cc:1\t';
  const access = '[2026-01-02T03:04:05.678Z] "GET /" "Function: proxy_on_tick failed: no"';
  const trap = `${AT}Function: proxy_on_log failed: Uncaught RuntimeError: unreachable\tthread=22`;
  const lines = [...Array<string>(21_000).fill(access), trap];
  // As a kubelet answers: so many lines from the end, and of these so many bytes from their beginning.
  const server = await startApiServer({
    answer: ({ path }) => {
      const asked = new URL(path, 'http://kubelet').searchParams;
      const tail = lines.slice(-Number(asked.get('tailLines') ?? lines.length)).join('\n');
      return { status: 200, body: tail.slice(0, Number(asked.get('limitBytes'))) };
    },
  });
  try {
    const source = { client: server.client(), debug: () => undefined };
    const pod = { metadata: { name: 'web-0' } };
    expect(await readTraps(pod, 'shop', new Date('2026-01-02T03:04:00Z'), source)).toEqual([
      { callback: 'proxy_on_log', words: 'Uncaught RuntimeError: unreachable', stack: [] },
    ]);
    expect(await readTraps(pod, 'shop', new Date('2026-01-02T03:04:06Z'), source)).toEqual([]);
    lines.splice(0, lines.length, access);
    expect(await readEnvoyReason(pod, 'shop', [{ name: 'f' }], source)).toBeUndefined();
  } finally {
    await server.close();
  }
});

test.each<[string, string, string | undefined]>([
  ['the last line', 'starting\nno table today\n', 'no table today'],
  ['the last line that speaks of an error', 'cannot open /data\nbye\n', 'cannot open /data'],
  [
    'the panic above its stack',
    'panic: no table\n\ngoroutine 1 [running]:\n\tmain.go:5 +0x1d\nexit status 2',
    'panic: no table',
  ],
  ['the exception below its stack', 'Traceback:\n  File "a.py"\nValueError: no table', 'ValueError: no table'],
  ['no colours', '\u001b[31mERROR\u001b[0m no table', 'ERROR no table'],
  ['indented lines where there are no others', '  one\n  two\n', 'two'],
  ['not more than 300 characters', 'x'.repeat(400), `${'x'.repeat(299)}…`],
  ['nothing of an empty log', ' \n\n', undefined],
  ['nothing of a log that is gone', 'unable to retrieve container logs for containerd://15fc355224e5', undefined],
])('the last words of a program: %s', (_, log, said) => {
  expect(lastErrorLine(log)).toBe(said);
});
