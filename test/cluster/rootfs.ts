import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { chmod, copyFile, lstat, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { findProgram, run } from './commands.ts';

// The images' file system is made of the machine's own Debian files: a shell, iptables for istio-init, ip, and the C
// library that Envoy is linked with.

const LIBRARIES = '/usr/lib/x86_64-linux-gnu';
/** The programs, each with its folder inside the image. */
const PROGRAMS = { busybox: 'usr/bin', 'xtables-nft-multi': 'usr/sbin', ip: 'usr/sbin' } as const;
/** Loaded by name at run time, so that no program's list of libraries shows them. */
const LIBRARIES_BY_NAME = [
  ...['libc.so.6', 'libm.so.6', 'librt.so.1', 'libdl.so.2', 'libpthread.so.0'],
  ...['libresolv.so.2', 'libnss_files.so.2', 'libnss_dns.so.2'],
];
const LOADER = '/lib64/ld-linux-x86-64.so.2';
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';
/** What istio-init calls: one program that looks at the name it is called by. */
const IPTABLES_NAMES = [
  'iptables',
  'iptables-save',
  'iptables-restore',
  'ip6tables',
  'ip6tables-save',
  'ip6tables-restore',
];

/** The machine's files that every image holds, and where they are inside. */
export interface BaseFiles {
  /** Path inside the image to path on the machine, links followed. */
  readonly files: ReadonlyMap<string, string>;
}

/** Finds the files. Throws when a program is missing; `doctor` says which package brings it. */
export async function findBaseFiles(): Promise<BaseFiles> {
  const files = new Map<string, string>();
  for (const [name, folder] of Object.entries(PROGRAMS)) {
    const path = findProgram(name);
    if (path === undefined) throw new Error(`${name} is not installed; \`npm run cluster -- doctor\` tells what to do`);
    files.set(join(folder, name), path);
  }
  const extensions = join(LIBRARIES, 'xtables');
  const modules = readdirSync(extensions).map((name) => join(extensions, name));
  const linked = await linkedLibraries([...files.values(), ...modules]);
  const named = LIBRARIES_BY_NAME.map((name) => join(LIBRARIES, name));
  for (const path of [...modules, ...named, ...linked, LOADER, CERTIFICATES]) files.set(insidePath(path), path);
  const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
  return { files: new Map(sorted.map(([inside, path]) => [inside, realpathSync(path)])) };
}

/** Writes the file system of all images into an empty folder. */
export async function writeBase(root: string, base: BaseFiles): Promise<void> {
  const folders = ['usr/bin', 'usr/sbin', 'usr/lib', 'usr/lib64', 'usr/local/bin', 'etc', 'proc', 'sys', 'dev', 'run'];
  for (const folder of folders) await mkdir(join(root, folder), { recursive: true });
  // As in Debian since version 12: the libraries' paths lead through these links.
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) await symlink(`usr/${name}`, join(root, name));
  await mkdir(join(root, 'var'));
  await symlink('../run', join(root, 'var/run'));
  await mkdir(join(root, 'tmp'));
  await chmod(join(root, 'tmp'), 0o1777);

  for (const [inside, path] of base.files) {
    await mkdir(dirname(join(root, inside)), { recursive: true });
    await copyFile(path, join(root, inside));
  }
  for (const name of IPTABLES_NAMES) await symlink('xtables-nft-multi', join(root, 'usr/sbin', name));
  for (const name of await busyboxNames(base)) await linkUnlessTaken('busybox', join(root, 'usr/bin', name));

  const accounts = [
    ['etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nistio-proxy:x:1337:1337::/home/istio-proxy:/bin/sh\n'],
    ['etc/group', 'root:x:0:\nistio-proxy:x:1337:\n'],
    ['etc/nsswitch.conf', 'hosts: files dns\n'],
  ] as const;
  for (const [path, text] of accounts) await writeFile(join(root, path), text);
}

/** Where a library is in the image: `/lib` is a link to `/usr/lib` there, which not every machine's paths say. */
function insidePath(path: string): string {
  return path.replace(/^\/lib(64)?\//, '/usr/lib$1/').slice(1);
}

/** The libraries that programs and libraries are linked with, as absolute paths. */
async function linkedLibraries(paths: readonly string[]): Promise<readonly string[]> {
  // ldd ends with 1 when one of the files is linked statically, but lists those of the others all the same.
  const output = await run('sh', ['-c', 'ldd "$@" 2>/dev/null || true', 'ldd', ...paths]);
  const libraries = output
    .split('\n')
    .filter((line) => /^\s/.test(line))
    .map((line) => /(\/\S+) \(0x/.exec(line)?.[1])
    .filter((path) => path !== undefined && existsSync(path));
  return [...new Set(libraries as string[])];
}

async function busyboxNames(base: BaseFiles): Promise<readonly string[]> {
  const busybox = base.files.get('usr/bin/busybox') ?? 'busybox';
  return (await run(busybox, ['--list'])).split('\n').filter((name) => name !== '' && name !== 'busybox');
}

async function linkUnlessTaken(target: string, link: string): Promise<void> {
  const taken = await lstat(link).catch(() => undefined);
  if (taken === undefined) await symlink(target, link);
}
