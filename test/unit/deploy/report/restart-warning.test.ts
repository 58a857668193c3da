import { expect, test } from '@jest/globals';
import type { Pod } from '../../../../src/cluster/objects.ts';
import { restartWarning } from '../../../../src/deploy/report/restart-warning.ts';

const REF = { kind: 'Deployment', namespace: 'shop', name: 'web' };
const pod = (name: string, restarts: { readonly app?: number; readonly proxy?: number }): Pod => ({
  metadata: { name },
  status: {
    initContainerStatuses: [{ name: 'istio-proxy', restartCount: restarts.proxy ?? 0 }],
    containerStatuses: [{ name: 'app', ...(restarts.app !== undefined && { restartCount: restarts.app }) }],
  },
});

test('containers that restarted are named, the most often first, with the command that shows why', () => {
  expect(restartWarning(REF, [pod('web-1', { app: 1 }), pod('web-2', {}), pod('web-3', { proxy: 5 })])).toEqual({
    topic: 'Containers restarted',
    subject: 'Deployment shop/web',
    text: 'Deployment shop/web: its pods are ready, but containers restarted: istio-proxy of web-3 5 times, app of web-1 1 time. Why one ended: `kubectl logs -n shop web-3 -c istio-proxy --previous`.',
  });
});

test('without a restart there is nothing to say', () => {
  expect(restartWarning(REF, [pod('web-1', {}), pod('web-2', { app: 0 })])).toBeUndefined();
});
