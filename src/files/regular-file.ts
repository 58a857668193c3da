import { constants, type Stats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { FileError } from '../base/files.ts';
import { formatBytes } from '../base/text.ts';

/**
 * Without waiting: a named pipe that nobody writes to would hold the run for ever. And without following a link at the end of the
 * path, which has been followed already where it may be.
 */
const { O_RDONLY, O_NONBLOCK, O_NOCTTY, O_NOFOLLOW } = constants;
const CHUNK_BYTES = 1_048_576;

/**
 * Reads a regular file of at most `maxBytes`; rejects with `FileError` for a folder, pipe, device or socket and for a larger one.
 * `follow` says whether the last part of the path may be a symbolic link.
 */
export async function readRegularFile(path: string, maxBytes: number, follow: boolean): Promise<Uint8Array> {
  // Only to open a device may do something.
  check(await stat(path), maxBytes);
  const file = await open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | (follow ? 0 : O_NOFOLLOW));
  try {
    // It may have become another one.
    check(await file.stat(), maxBytes);
    // Files of /proc say that they are empty, and any file may grow: `end` is the last byte that is read.
    const bytes = await buffer(file.createReadStream({ end: maxBytes, highWaterMark: CHUNK_BYTES, autoClose: false }));
    if (bytes.length > maxBytes) throw tooLarge(`more than ${formatBytes(maxBytes)}`, maxBytes);
    return bytes;
  } finally {
    await file.close();
  }
}

function check(found: Stats, maxBytes: number): void {
  if (!found.isFile()) throw new FileError(`it is ${kindOf(found)}`, 'Name a regular file.');
  if (found.size > maxBytes) throw tooLarge(formatBytes(found.size), maxBytes);
}

function tooLarge(size: string, maxBytes: number): FileError {
  return new FileError(`it has ${size}; ${formatBytes(maxBytes)} are the most that is read`, 'Check which file it is.');
}

function kindOf(found: Stats): string {
  if (found.isDirectory()) return 'a folder';
  if (found.isFIFO()) return 'a named pipe';
  if (found.isSocket()) return 'a socket';
  return 'a device';
}
