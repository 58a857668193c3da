import { expect, test } from '@jest/globals';
import { argoCommand, resumeCommand } from '../../../../src/deploy/kinds/argo-commands.ts';

const REF = { namespace: 'shop', name: 'web' };

test.each<[string, string, string]>([
  [
    'promoted',
    argoCommand('promote', REF),
    `\`kubectl argo rollouts promote web -n shop\`, or without that plugin \`kubectl patch rollout web -n shop --subresource=status --type=merge -p '{"status":{"pauseConditions":null}}'\``,
  ],
  [
    'aborted',
    argoCommand('abort', REF),
    `\`kubectl argo rollouts abort web -n shop\`, or without that plugin \`kubectl patch rollout web -n shop --subresource=status --type=merge -p '{"status":{"abort":true}}'\``,
  ],
  [
    'tried again',
    argoCommand('retry rollout', REF),
    `\`kubectl argo rollouts retry rollout web -n shop\`, or without that plugin \`kubectl patch rollout web -n shop --subresource=status --type=merge -p '{"status":{"abort":false}}'\``,
  ],
  [
    'restarted',
    argoCommand('restart', REF),
    `\`kubectl argo rollouts restart web -n shop\`, or without that plugin \`kubectl patch rollout web -n shop --type=merge -p "{\\"spec\\":{\\"restartAt\\":\\"$(date -u +%FT%TZ)\\"}}"\``,
  ],
  [
    'looked at',
    argoCommand('get rollout', REF),
    '`kubectl argo rollouts get rollout web -n shop`, or without that plugin `kubectl describe analysisruns -n shop`',
  ],
  [
    'resumed',
    resumeCommand(REF),
    `\`kubectl argo rollouts promote web -n shop\`, or without that plugin \`kubectl patch rollout web -n shop --type=merge -p '{"spec":{"paused":false}}'\``,
  ],
])('a Rollout is %s with the plugin and without', (_, command, expected) => {
  expect(command).toBe(expected);
});
