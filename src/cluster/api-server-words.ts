/**
 * What only the words of an API server tell, and no field of its answers. Those of admission are in `pod-refusal.ts`, that of a missing
 * permission is in `missing-permission.ts`. Sources in kubernetes/kubernetes.
 */

/** staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook/errors/statuserror.go, `NewDryRunUnsupportedErr`. */
const NO_DRY_RUN = /does not support dry run/;

/** Whether a dry run failed because a webhook with side effects is not called in one, and so has said nothing of the write. */
export function isDryRunUnsupported({
  status,
  message,
}: {
  readonly status: number;
  readonly message: string;
}): boolean {
  return status === 400 && NO_DRY_RUN.test(message);
}

/** staging/src/k8s.io/apimachinery/pkg/util/managedfields/internal/conflict.go, `NewConflictError`. */
const CONFLICT = /conflict with "([^"]+)"/;

/** Returns the field manager that a cause of the kind `FieldManagerConflict` names; its whole text if it names none. */
export function conflictingManager(message: string): string {
  return CONFLICT.exec(message)?.[1] ?? message;
}
