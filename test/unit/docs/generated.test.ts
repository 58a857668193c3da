import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { ROOT } from '../../../scripts/docs/generated-file.ts';
import { GENERATED } from '../../../scripts/docs/pages.ts';

/** `UPDATE_GOLDEN=1 npm test -- unit/docs` writes the files anew, as `npm run docs` does. */
test.each(GENERATED.map(({ path, make }) => [path, make] as const))(
  '%s is made of the tables in the code',
  async (path, make) => {
    const file = join(ROOT, path);
    const present = existsSync(file) ? readFileSync(file, 'utf8') : '';
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, await make(present));
    const text = readFileSync(file, 'utf8');
    expect(text).toBe(await make(text));
  },
);
