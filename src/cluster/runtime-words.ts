const MAX_RUNTIME_CHARACTERS = 4000;

/** What containerd and runc put before what went wrong, each around the next. */
const RUNTIME_PREFIXES = ['unable to start container process: ', 'error during container init: '];

/**
 * What a container runtime says went wrong, without the layers that it puts around it and its own folders: of `failed to create
 * containerd task: … runc create failed: unable to start container process: … mkdir /run/containerd/…/rootfs/data: read-only file system:
 * unknown` the end, `mkdir /data: read-only file system`. Any other text as it is.
 */
export function tellingEnd(message: string): string {
  if (message.length > MAX_RUNTIME_CHARACTERS || !/\b(?:runc|crun|OCI runtime)\b/.test(message)) return message;
  let end = message;
  for (const prefix of RUNTIME_PREFIXES) {
    const at = end.lastIndexOf(prefix);
    if (at !== -1) end = end.slice(at + prefix.length);
  }
  const made = end.lastIndexOf(': mkdir ');
  if (made !== -1) end = end.slice(made + 2);
  return end
    .split(/([\s"])/)
    .map(withoutRootfs)
    .join('')
    .replace(/: unknown$/, '');
}

/**
 * Returns the folder that a container runtime's words say it could not create, as Go writes the system call that failed (io/fs
 * PathError: `mkdir /data: read-only file system`); `undefined` if they say something else.
 */
export function uncreatedFolder(message: string): string | undefined {
  return /^mkdir (\/[^:]*): /.exec(tellingEnd(message))?.[1];
}

/** A path without the runtime's own folder around the container's files. */
function withoutRootfs(word: string): string {
  const start = word.indexOf('/run/');
  const end = word.lastIndexOf('/rootfs/');
  return start === -1 || end <= start ? word : word.slice(0, start) + word.slice(end + '/rootfs'.length);
}
