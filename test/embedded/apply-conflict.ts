/** The answer to an apply that meets other owners (apimachinery: pkg/util/managedfields/internal/conflict.go). */
import { ApplyConflict, type Conflict, type Manager } from './fields/managed.ts';
import { StatusError } from './status-error.ts';

/** Runs an apply; an ownership conflict becomes the 409 Status the server answers. */
export function asStatusError<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof ApplyConflict) throw conflictStatus(error.conflicts);
    throw error;
  }
}

function conflictStatus(conflicts: readonly Conflict[]): StatusError {
  return new StatusError({
    code: 409,
    reason: 'Conflict',
    message: conflictMessage(conflicts),
    details: {
      causes: conflicts.map(({ manager, path }) => ({
        reason: 'FieldManagerConflict',
        message: `conflict with ${managerText(manager)}`,
        field: path,
      })),
    },
  });
}

function managerText(manager: Manager): string {
  const name = `${JSON.stringify(manager.name)}${manager.subresource === '' ? '' : ` with subresource ${JSON.stringify(manager.subresource)}`}`;
  return manager.operation === 'Update' ? `${name} using ${manager.apiVersion}` : name;
}

function conflictMessage(conflicts: readonly Conflict[]): string {
  const [first] = conflicts;
  if (conflicts.length === 1 && first !== undefined) {
    return `Apply failed with 1 conflict: conflict with ${managerText(first.manager)}: ${first.path}`;
  }
  const byManager = new Map<string, string[]>();
  for (const { manager, path } of conflicts) {
    const text = managerText(manager);
    byManager.set(text, [...(byManager.get(text) ?? []), `- ${path}`]);
  }
  const lines = [...byManager.keys()]
    .sort()
    .flatMap((text) => [`conflicts with ${text}:`, ...(byManager.get(text) ?? [])]);
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`;
}
