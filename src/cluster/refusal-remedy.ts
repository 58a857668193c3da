import type { Problem } from '../base/problem.ts';
import { capital, listWords, sentence } from '../base/text.ts';
import { type PodRefusal, type QuotaUse, readPodRefusal, type Service } from './pod-refusal.ts';

/** What of admission may refuse anything that is written; the others are for pods alone. */
export type AdmissionRefusal = Extract<
  PodRefusal,
  { readonly by: 'quota' | 'webhook' | 'silent-webhook' | 'admission-policy' }
>;

/** What was refused: a pod that a controller makes of a workload's template, or what this run writes itself. */
export type RefusedObject = 'pod' | 'write';

const ONE: Readonly<Record<RefusedObject, string>> = { pod: 'one more pod', write: 'what this run writes' };
const UNTIL: Readonly<Record<RefusedObject, string>> = {
  pod: 'No pod can be made',
  write: 'Nothing of this kind can be written',
};
const WHERE: Readonly<Record<RefusedObject, string>> = { pod: ' in the pod template', write: '' };

function isAdmissionRefusal(refusal: PodRefusal): refusal is AdmissionRefusal {
  return ['quota', 'webhook', 'silent-webhook', 'admission-policy'].includes(refusal.by);
}

/** Returns what helps against the refusal of a write in these words; `undefined` if they are no quota's, webhook's or policy's. */
export function refusedWriteRemedy(message: string, namespace: string): string | undefined {
  const refusal = readPodRefusal(message);
  return refusal && isAdmissionRefusal(refusal) ? admissionRemedy(refusal, 'write', namespace) : undefined;
}

/** What is known of a write that failed. */
interface FailedWrite {
  readonly status: number;
  readonly message: string;
  readonly path: string;
}

/** Returns what a quota, a webhook or a policy has refused, which no permission would help; `undefined` if none of them did. */
export function admissionProblem({ status, message, path }: FailedWrite, action: string): Problem | undefined {
  const [, namespace = ''] = /\/namespaces\/([^/]+)\//.exec(path) ?? [];
  const remedy = refusedWriteRemedy(message, namespace);
  if (remedy === undefined) return undefined;
  return {
    kind: 'cluster',
    message: `${capital(action)} ${status < 500 ? 'was rejected' : 'failed'}: ${sentence(message)}`,
    remedy: `${remedy} Then re-run the job.`,
    causeIn: 'cluster',
  };
}

/** Returns what helps, in whole sentences, without the re-run; `namespace` is that of what was refused. */
export function admissionRemedy(refusal: AdmissionRefusal, of: RefusedObject, namespace: string): string {
  switch (refusal.by) {
    case 'quota':
      return `${quotaWords(refusal.name, refusal.uses, ONE[of])} Raise the ResourceQuota (\`kubectl edit resourcequota ${refusal.name} -n ${namespace}\`) or delete something that counts against it.`;
    case 'webhook':
      return `Change${WHERE[of]} what the webhook "${refusal.name}" objects to, or ask its owner for an exception.`;
    case 'silent-webhook':
      return `${UNTIL[of]} until the webhook "${refusal.name}" answers. ${silentWords(refusal.service)}`;
    case 'admission-policy':
      return `Change${WHERE[of]} what the ValidatingAdmissionPolicy "${refusal.name}" objects to, or the policy (\`kubectl get validatingadmissionpolicy ${refusal.name} -o yaml\`).`;
  }
}

/** `The ResourceQuota "compute" has no room for one more pod, which needs limits.memory 1Gi (4Gi of 4Gi is used).` */
function quotaWords(name: string, uses: readonly QuotaUse[], one: string): string {
  const needs = uses.map(
    ({ resource, requested, used, limited }) => `${resource} ${requested} (${used} of ${limited} is used)`,
  );
  const which = needs.length === 0 ? '' : `, which needs ${listWords(needs, 'and')}`;
  return `The ResourceQuota "${name}" has no room for ${one}${which}.`;
}

function silentWords(service: Service | undefined): string {
  if (service === undefined) return 'Check that what it calls is running.';
  const { namespace, name } = service;
  return `Check the pods of its Service ${namespace}/${name} (\`kubectl get endpointslices -n ${namespace} -l kubernetes.io/service-name=${name}\`).`;
}
