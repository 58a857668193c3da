import { expect, test } from '@jest/globals';
import type { TrialRequest } from '../../../../src/filter/host/request.ts';
import { sharedTrial } from '../../../../src/filter/trial/shared-trial.ts';
import type { TrialVerdict } from '../../../../src/filter/trial/verdict.ts';

const request = (module: Uint8Array, more: Partial<TrialRequest> = {}): TrialRequest => ({
  module,
  rootId: '',
  vmId: '',
  name: 'f',
  configuration: '',
  direction: 'inbound',
  ...more,
});

test('what several clusters ask is tried once, and no more than two at a time', async () => {
  const asked: TrialRequest[] = [];
  const ends: (() => void)[] = [];
  let running = 0;
  let most = 0;
  const trial = sharedTrial(async (one): Promise<TrialVerdict> => {
    asked.push(one);
    running++;
    most = Math.max(most, running);
    await new Promise<void>((resolve) => ends.push(resolve));
    running--;
    return { state: 'passed', logs: [one.configuration] };
  });
  const [a, b] = [Uint8Array.of(1), Uint8Array.of(1)];
  const verdicts = Promise.all(
    [
      request(a),
      request(a),
      request(a, { configuration: 'x' }),
      request(a, { environment: { X: '1' } }),
      request(a, { environment: { X: '2' } }),
      request(b),
      request(a),
    ].map((one) => trial(one)),
  );
  while (asked.length < 5 || running > 0) {
    ends.shift()?.();
    await Promise.resolve();
  }
  expect((await verdicts).map(({ logs }) => logs[0])).toEqual(['', '', 'x', '', '', '', '']);
  expect(asked).toHaveLength(5);
  expect(most).toBe(2);
});
