import { fileFault, fileRemedy, type ReadFile, shownPath } from '../../base/files.ts';
import { isObject, pick, readJson } from '../../base/json.ts';
import { fail, ok, type Result } from '../../base/problem.ts';
import { shownName } from '../../base/text.ts';
import { VERSION } from '../../base/version.ts';
import { type PlanPart, planDigest, type ReviewedPlan } from '../../deploy/plan-digest.ts';

/** The report of a plan for thousands of workloads, with its differences, has some tens of megabytes. */
const MAX_BYTES = 128 * 1024 * 1024;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
const SUBJECT = 'input "expect-plan"';

/** Returns the plan that somebody has reviewed, by its digest or by the path of its report file; `undefined` if none is named. */
export async function readExpectedPlan(given: string, readFile: ReadFile): Promise<Result<ReviewedPlan | undefined>> {
  if (given === '') return ok(undefined);
  if (DIGEST.test(given)) return ok({ digest: given });
  const wrong = (message: string, remedy: string): Result<never> =>
    fail({ kind: 'input', subject: SUBJECT, message, remedy });
  let bytes: Uint8Array;
  try {
    bytes = await readFile(given, MAX_BYTES);
  } catch (error) {
    return wrong(
      `is "${shownPath(given)}", which is neither a digest (sha256: and 64 hex digits) nor a file that can be read: ${fileFault(error)}.`,
      fileRemedy(error, 'Give the output "plan-digest" of "command: plan", or the path of its report file.'),
    );
  }
  const report = readJson(bytes);
  const parts: unknown = pick(report, 'plan', 'parts');
  if (Array.isArray(parts) && parts.every(isPart)) return ok({ digest: planDigest(parts), parts });
  const { what, remedy } = whyNoPlan(report);
  return wrong(`is "${shownPath(given)}", which ${what}.`, remedy);
}

const PLAN_FILE = 'Give the file that "command: plan" has written to its "report-file".';

/** Why a file has no plan that can be compared. */
function whyNoPlan(report: unknown): { readonly what: string; readonly remedy: string } {
  const command = pick(report, 'command');
  const version = pick(report, 'actionVersion');
  if (typeof command !== 'string') return { what: 'is not the report of a plan', remedy: PLAN_FILE };
  if (command !== 'plan') return { what: `is the report of "command: ${shownName(command)}"`, remedy: PLAN_FILE };
  if (pick(report, 'plan') === undefined) {
    return {
      what: 'is the report of a plan that failed before it was made',
      remedy: 'Mend what that run says, and run "plan" again.',
    };
  }
  const by = typeof version === 'string' ? ` ${shownName(version)}` : '';
  return {
    what: `was written by version${by} of this action, whose plans cannot be compared with those of version ${VERSION}`,
    remedy: 'Run "plan" again with the version that deploys.',
  };
}

function isPart(value: unknown): value is PlanPart {
  return isObject(value) && typeof value.what === 'string' && typeof value.digest === 'string';
}
