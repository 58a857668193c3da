import { aboutSubject, type Problem } from '../../base/problem.ts';
import { listWords } from '../../base/text.ts';
import { conflictingManager } from '../../cluster/api-server-words.ts';
import { type ApiError, callProblem, isApiError } from '../../cluster/errors.ts';

/** Whether a write lost against another one of the same object, so that it is worth while to look again. */
export function isConflict(error: unknown): boolean {
  return isApiError(error, 409) && error.reason === 'Conflict' && managersOf(error).length === 0;
}

/** The field managers that a server-side apply conflict names. */
function managersOf({ body }: ApiError): { manager: string; field: string }[] {
  return (body.details?.causes ?? [])
    .filter(({ reason }) => reason === 'FieldManagerConflict')
    .map(({ message = '', field = '' }) => ({
      manager: conflictingManager(message),
      field,
    }));
}

/** What names an object to kubectl: `-n shop deployment/reviews` for `Deployment shop/reviews`. */
function argumentsOf(name: string): string {
  const [kind = '', path = ''] = name.split(' ');
  const [namespace = '', object = ''] = path.split('/');
  return `-n ${namespace} ${kind.toLowerCase()}/${object}`;
}

/** Why a write failed; `name` is how the reader knows the object: `Deployment shop/reviews`. */
export function writeProblem(error: unknown, name: string): Problem {
  if (isApiError(error, 409)) {
    const conflicts = managersOf(error);
    if (conflicts.length > 0) {
      const managers = [...new Set(conflicts.map(({ manager }) => `"${manager}"`))];
      return {
        kind: 'conflict',
        subject: name,
        message: `was created by ${listWords(managers, 'and')}, who holds ${listWords(
          conflicts.map(({ field }) => field),
          'and',
        )} with another value.`,
        remedy:
          'Objects that this action does not manage are never overwritten. Give the filter another name, or delete the object if nobody needs it; then re-run the job.',
        cause: error,
      };
    }
    return {
      kind: 'conflict',
      subject: name,
      message: 'was modified by another client each time this run tried to write it.',
      remedy: `Find out what keeps writing it (\`kubectl get ${argumentsOf(name)} -o yaml --show-managed-fields\`), then re-run the job.`,
      cause: error,
    };
  }
  // Thrown on, an unexpected error would lose what else was written.
  return aboutSubject(callProblem(error, `writing ${name}`), name);
}
