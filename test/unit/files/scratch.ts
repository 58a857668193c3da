import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A folder of the disk for one test. */
export class Scratch implements Disposable {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), 'files-')));

  at(path: string): string {
    return join(this.root, path);
  }

  folder(path: string): string {
    mkdirSync(this.at(path), { recursive: true });
    return this.at(path);
  }

  file(path: string, content: string | Uint8Array = 'content'): string {
    this.folder(dirname(path));
    writeFileSync(this.at(path), content);
    return this.at(path);
  }

  /** A file of any size that takes no room. */
  sparse(path: string, bytes: number): string {
    truncateSync(this.file(path, ''), bytes);
    return this.at(path);
  }

  /** A link; `target` is as it stands in the link. */
  link(path: string, target: string): string {
    this.folder(dirname(path));
    symlinkSync(target, this.at(path));
    return this.at(path);
  }

  pipe(path: string): string {
    this.folder(dirname(path));
    execFileSync('mkfifo', [this.at(path)]);
    return this.at(path);
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
