/** The name of Envoy's process in the proxy's container. */
const ENVOY = 'envoy';

/**
 * Reads how much memory Envoy has, in bytes, from the lines `Name:` and `VmRSS:` of the processes of its container
 * (`/proc/PID/status`, https://man7.org/linux/man-pages/man5/proc_pid_status.5.html); `undefined` if they do not tell. What filters have
 * counts: Envoy's own statistics of memory are of its allocator alone, without the memory of VMs.
 */
export function parseEnvoyMemory(text: string): number | undefined {
  let name = '';
  for (const line of text.split('\n')) {
    const [, key, value = ''] = /^(Name|VmRSS):\s+(\S{1,64})/.exec(line) ?? [];
    if (key === 'Name') name = value;
    else if (key === 'VmRSS' && name === ENVOY && /^\d{1,12}$/.test(value)) return Number(value) * 1024;
  }
  return undefined;
}
