import { benchPages } from '../../bench/report/pictures.ts';
import { manifestReference } from '../manifest-reference.ts';
import { manifestSchema } from '../manifest-schema.ts';
import { testsReference } from '../tests-reference.ts';
import { testsSchema } from '../tests-schema.ts';
import type { GeneratedFile } from './generated-file.ts';
import { withInputs } from './readme-inputs.ts';
import { toolchainsPage } from './toolchains/page.ts';
import { troubleshootingPage } from './troubleshooting/page.ts';
import { versionsPage } from './versions/page.ts';

/** Everything that `npm run docs` writes; a test holds each file to what it makes. */
export const GENERATED: readonly GeneratedFile[] = [
  { path: 'schema/manifest.schema.json', make: () => `${JSON.stringify(manifestSchema(), null, 2)}\n` },
  { path: 'schema/tests.schema.json', make: () => `${JSON.stringify(testsSchema(), null, 2)}\n` },
  { path: 'docs/filter-tests.md', make: testsReference },
  { path: 'docs/manifest.md', make: manifestReference },
  { path: 'README.md', make: withInputs },
  { path: 'docs/toolchains.md', make: toolchainsPage },
  { path: 'docs/versions.md', make: versionsPage },
  { path: 'docs/troubleshooting.md', make: troubleshootingPage },
  ...benchPages(),
];
