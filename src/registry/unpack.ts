import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { unpackTar } from 'modern-tar';
import { errorCode } from '../base/causes.ts';
import { messageOf } from '../base/problem.ts';
import { count, formatBytes } from '../base/text.ts';
import { ContentError } from './errors.ts';
import { MODULE_FILE } from './module-layer.ts';

const BUILD_AGAIN = `Build the image with "COPY filter.wasm ${MODULE_FILE}" as its last step.`;

/** Takes the module out of a layer of an image, a tar archive with gzip of at most `mostBytes`. Throws `ContentError`. */
export async function unpackModule(layer: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  const archive = await inflate(layer, maxBytes);
  let files = 0;
  let found: Awaited<ReturnType<typeof unpackTar>>;
  try {
    found = await unpackTar(archive, {
      strict: true,
      filter: ({ name, type }) => {
        if (type !== 'file') return false;
        files++;
        return name.split('/').at(-1) === MODULE_FILE;
      },
    });
  } catch (error) {
    throw new ContentError(`the last layer is not a tar archive: ${messageOf(error)}`, BUILD_AGAIN);
  }
  const data = found[0]?.data;
  if (data !== undefined) return data;
  throw new ContentError(
    `the last layer of the image has ${count(files, 'file')}, and none is ${MODULE_FILE}, which is where Istio looks for the filter, too`,
    BUILD_AGAIN,
  );
}

async function inflate(bytes: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    throw new ContentError(
      errorCode(error) === 'ERR_BUFFER_TOO_LARGE'
        ? `the last layer of the image has more than ${formatBytes(maxBytes)}`
        : `the last layer of the image is not valid gzip: ${messageOf(error)}`,
      BUILD_AGAIN,
    );
  }
}
