import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { FileError } from '../base/files.ts';
import { formatBytes } from '../base/text.ts';

/**
 * Without waiting: a named pipe that nobody writes to would hold the run for ever. And without following a link at the end of the
 * path, which has been followed already where it may be.
 */
const { O_RDONLY, O_NONBLOCK, O_NOCTTY, O_NOFOLLOW } = constants;
const MIN_READ_BYTES = 65_536;

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
    const found = await file.stat();
    check(found, maxBytes);
    return await readAll(file, found.size, maxBytes);
  } finally {
    await file.close();
  }
}

/** Files of /proc say that they are empty, and any file may grow: the size that it has is where to begin. */
async function readAll(file: FileHandle, size: number, maxBytes: number): Promise<Uint8Array> {
  let bytes = Buffer.alloc(Math.min(Math.max(size, MIN_READ_BYTES), maxBytes) + 1);
  let length = 0;
  for (;;) {
    const { bytesRead } = await file.read(bytes, length, bytes.length - length);
    length += bytesRead;
    if (bytesRead === 0) return bytes.subarray(0, length);
    if (length > maxBytes) throw tooLarge(`more than ${formatBytes(maxBytes)}`, maxBytes);
    if (length === bytes.length) bytes = Buffer.concat([bytes], Math.min(2 * length, maxBytes + 1));
  }
}

function check(found: Stats, maxBytes: number): void {
  if (!found.isFile()) throw new FileError(`it is ${kindOf(found)}`, 'Give the path of a regular file.');
  if (found.size > maxBytes) throw tooLarge(formatBytes(found.size), maxBytes);
}

function tooLarge(size: string, maxBytes: number): FileError {
  return new FileError(`it has ${size}; at most ${formatBytes(maxBytes)} are read`, 'Check which file it is.');
}

function kindOf(found: Stats): string {
  if (found.isDirectory()) return 'a folder';
  if (found.isFIFO()) return 'a named pipe';
  if (found.isSocket()) return 'a socket';
  return 'a device';
}
