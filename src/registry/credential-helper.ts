import { spawn } from 'node:child_process';
import { delimiter, isAbsolute } from 'node:path';
import { truncate } from '../base/text.ts';
import type { RunHelper } from './credentials.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What a helper may need to find its own login: where programs and its files are, and the variables of the clouds. */
const PASSED =
  /^(PATH|HOME|USER|USERPROFILE|APPDATA|LOCALAPPDATA|SYSTEMROOT|TEMP|TMP|TMPDIR|LANG|DOCKER_CONFIG|XDG_\w+|HTTPS?_PROXY|NO_PROXY|AWS_\w+|AZURE_\w+|GOOGLE_\w+|CLOUDSDK_\w+)$/i;
const TIMEOUT_MS = 30_000;
const MAX_CHARACTERS = 1024 * 1024;

/**
 * Makes a function that runs `docker-credential-HELPER get`. The helper sees a small environment, without the workflow's own tokens,
 * and is killed after 30 s or when the signal aborts. Its promise rejects with what the helper says when it fails, which by the
 * protocol is no secret (https://github.com/docker/docker-credential-helpers).
 */
export function credentialHelperRunner(
  environment: Environment,
  signal: AbortSignal,
  timeoutMs = TIMEOUT_MS,
): RunHelper {
  const env = Object.fromEntries(Object.entries(environment).filter(([name]) => PASSED.test(name)));
  // A program of the folder that the action happens to run in is no helper.
  if (env.PATH !== undefined) env.PATH = env.PATH.split(delimiter).filter(isAbsolute).join(delimiter);
  return (helper, server) =>
    new Promise((resolve, reject) => {
      const limit = AbortSignal.timeout(timeoutMs);
      const child = spawn(`docker-credential-${helper}`, ['get'], {
        env,
        signal: AbortSignal.any([signal, limit]),
        killSignal: 'SIGKILL',
        stdio: ['pipe', 'pipe', 'ignore'],
      });
      let output = '';
      // Else a character that two chunks share would be lost, in the middle of a password.
      child.stdout.setEncoding('utf8');
      child.stdout.on('data', (chunk: string) => {
        output = (output + chunk).slice(0, MAX_CHARACTERS);
      });
      child.on('error', (error) => {
        if (limit.aborted) reject(new Error(`it did not answer within ${timeoutMs / 1000} s`));
        else if ('code' in error && error.code === 'ENOENT') reject(new Error('there is no such program'));
        else reject(error);
      });
      child.on('close', (code) => {
        if (code === 0) resolve(output);
        else reject(new Error(truncate(output.trim(), 300) || `it ended with code ${code}`));
      });
      // A helper that does not read its input is no failure; how it ends says more.
      child.stdin.on('error', () => undefined);
      child.stdin.end(server);
    });
}
