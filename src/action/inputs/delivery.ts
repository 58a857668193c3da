import { quoted } from '../../base/text.ts';
import type { DeliveryRequest } from '../../mesh/objects/delivery.ts';
import type { InputReader } from './reader.ts';
import type { InputName } from './table.ts';

/** How the module is to be delivered, and the inputs that mean something to one kind of delivery alone. */
export interface DeliveryInputs extends DeliveryRequest {
  readonly onlyMounted: readonly InputName[];
  readonly onlyPulled: readonly InputName[];
}

/** A Secret's name (https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names). */
const SECRET = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

/** Returns how the module is to be delivered; what is wrong with the inputs is added to `reader`. */
export function readDelivery(reader: InputReader): DeliveryInputs {
  const pullSecret = reader.text('pull-secret');
  if (pullSecret !== '' && !SECRET.test(pullSecret)) {
    reader.wrong(
      'pull-secret',
      `is ${quoted(pullSecret)}.`,
      'Give the name of a Secret in the namespace of the workloads. The Secret holds the credentials, not this input.',
    );
  }
  return {
    delivery: reader.oneOf('delivery'),
    ...(pullSecret !== '' && { pullSecret }),
    phase: reader.oneOf('phase'),
    onlyMounted: (['vm-id', 'mount-path', 'shrink'] as const).filter((name) => reader.isSet(name)),
    onlyPulled: (['pull-secret', 'phase'] as const).filter((name) => reader.isSet(name)),
  };
}
