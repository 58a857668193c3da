import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv, type ValidateFunction } from 'ajv';

interface Content {
  readonly content?: { readonly 'application/json'?: { readonly schema: object } };
}
interface Operation {
  readonly requestBody?: Content;
  readonly responses: Readonly<Record<string, Content & { readonly $ref?: string }>>;
}
interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly responses: Readonly<Record<string, Content>>;
    readonly examples: Readonly<Record<string, { readonly value: object }>>;
  };
}

const FILE = createRequire(import.meta.url).resolve('@octokit/openapi/generated/api.github.com.json');
const ROOT = 'github';

/** GitHub's description of its REST API, read when it is first needed: it has 13 MB. */
let read: { readonly description: Description; readonly ajv: Ajv } | undefined;
const validators = new Map<string, ValidateFunction>();

/** The schemas with "nullable" as ajv takes it: beside a "type" only. */
function withNull(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withNull);
  if (typeof value !== 'object' || value === null) return value;
  const inner = Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withNull(one)]));
  const { nullable, ...schema } = inner;
  return nullable === true && !('type' in inner) ? { anyOf: [schema, { enum: [null] }] } : inner;
}

function load(): NonNullable<typeof read> {
  if (read === undefined) {
    const description = JSON.parse(readFileSync(FILE, 'utf8')) as Description;
    const ajv = new Ajv({ strict: false, validateSchema: false, validateFormats: false });
    // OpenAPI 3.0 says "nullable" where JSON Schema says a type more, which ajv understands.
    ajv.addSchema({ $id: ROOT, components: withNull(description.components) } as object);
    read = { description, ajv };
  }
  return read;
}

/**
 * Throws where the description has no such operation, or where a request or its answer is not what it says. Refusals that any operation
 * may have (401, 403, 429, 5xx) are held to their common form.
 * @param template the path as the description has it: `/repos/{owner}/{repo}/pulls/{pull_number}`
 */
export function expectAsDescribed(
  method: string,
  template: string,
  { status, sent, body }: { readonly status: number; readonly sent: unknown; readonly body: unknown },
): void {
  const { description } = load();
  const operation = description.paths[template]?.[method.toLowerCase()];
  if (operation === undefined) throw new Error(`GitHub has no ${method} ${template}`);
  const request = operation.requestBody?.content?.['application/json']?.schema;
  if (request !== undefined) expectValid(`request of ${method} ${template}`, request, sent);
  const { $ref, ...own } = operation.responses[status] ?? { $ref: '#/components/responses/forbidden' };
  if (operation.responses[status] === undefined && status < 400) throw new Error(`${method} ${template}: no ${status}`);
  const response = $ref === undefined ? own : description.components.responses[$ref.split('/').at(-1) ?? ''];
  const schema = response?.content?.['application/json']?.schema;
  if (schema !== undefined) expectValid(`${status} of ${method} ${template}`, schema, body);
}

/** Returns an example of the description, by its name. */
export function exampleOf(name: string): object {
  const { value } = load().description.components.examples[name] ?? {};
  if (value === undefined) throw new Error(`GitHub has no example ${name}`);
  return value;
}

function expectValid(name: string, schema: object, value: unknown): void {
  const { ajv } = load();
  let validate = validators.get(name);
  if (validate === undefined) {
    validate = ajv.compile(withNull(rooted(schema)) as object);
    validators.set(name, validate);
  }
  if (!validate(value)) throw new Error(`${name}: ${ajv.errorsText(validate.errors)}`);
}

/** The schema with its references into the description. */
function rooted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(rooted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === '$ref' && typeof inner === 'string' ? `${ROOT}${inner}` : rooted(inner),
    ]),
  );
}
