import { join } from 'node:path';
import { manifestReference } from '../manifest-reference.ts';
import { manifestSchema } from '../manifest-schema.ts';
import { withInputs } from './readme-inputs.ts';
import { toolchainsPage } from './toolchains/page.ts';
import { troubleshootingPage } from './troubleshooting/page.ts';
import { versionsPage } from './versions/page.ts';

/** A file that is made of the tables in the code, whole or in part. */
export interface GeneratedFile {
  /** From the root of the package. */
  readonly path: string;
  /** Returns its text. One that is made only in part gets what stands there and returns that with its own part written anew. */
  readonly make: (present: string) => string | Promise<string>;
}

export const ROOT = join(import.meta.dirname, '..', '..');

/** Everything that `npm run docs` writes; a test holds each file to what it makes. */
export const GENERATED: readonly GeneratedFile[] = [
  { path: 'schema/manifest.schema.json', make: () => `${JSON.stringify(manifestSchema(), null, 2)}\n` },
  { path: 'docs/manifest.md', make: manifestReference },
  { path: 'README.md', make: withInputs },
  { path: 'docs/toolchains.md', make: toolchainsPage },
  { path: 'docs/versions.md', make: versionsPage },
  { path: 'docs/troubleshooting.md', make: troubleshootingPage },
];
