import { expect, test } from '@jest/globals';
import { fileFault, fileRemedy, readText } from '../../../src/base/files.ts';

const reading = (bytes: Uint8Array): Promise<string> => readText(() => Promise.resolve(bytes), 'x.yaml', 100);

test('a text is read as UTF-8', async () => {
  expect(await reading(Buffer.from('grüße: 大'))).toBe('grüße: 大');
});

test('what is not UTF-8 is refused, and not read with signs that nobody wrote', async () => {
  const error: unknown = await reading(Buffer.from('grüße', 'latin1')).catch((reason: unknown) => reason);
  expect(fileFault(error)).toBe('it is not UTF-8');
  expect(fileRemedy(error, 'general')).toBe('Save the file as UTF-8.');
});
