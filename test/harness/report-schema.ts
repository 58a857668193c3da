import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

const FILE = new URL('../../schema/report.schema.json', import.meta.url);

/** Compiled when it is asked for: a test writes the file anew. */
const validator = (): ValidateFunction =>
  new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true }).compile(JSON.parse(readFileSync(FILE, 'utf8')));
let compiled: ValidateFunction | undefined;

/** Returns what is wrong with a report file by the schema of the repository; none where it is as it should be. */
export function reportFaults(report: unknown): string[] {
  compiled ??= validator();
  const validate = compiled;
  validate(report);
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath || '/'} ${message} ${JSON.stringify(params)}`,
  );
}
