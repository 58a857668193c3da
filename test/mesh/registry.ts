import { network } from '../cluster/network.ts';
import type { TestRegistry } from '../harness/registry/index.ts';
import { startRealRegistry } from '../harness/registry/real.ts';

/** The header that the filter of the older SDK sets to its configuration, whatever text that is. */
export const HEADER = 'x-abi-0-2-0';

/** A registry without login on the address of this machine that pods can reach; the mesh of this project knows it. */
export function startMeshRegistry(): Promise<TestRegistry> {
  return startRealRegistry('none', process.env.TEST_MACHINE_ADDRESS || network.machineAddress);
}

/** One that the runner reaches and no pod: for a pod that address is the pod itself. */
export function startUnreachableRegistry(): Promise<TestRegistry> {
  return startRealRegistry('none', '127.0.0.1');
}

/** Inputs with which a file is pushed to a registry, and pulled from there by proxies. */
export function pushedTo({
  host,
}: TestRegistry): Readonly<Record<'push-to' | 'insecure-registries' | 'delivery', string>> {
  return { 'push-to': `oci://${host}/filters/add-header:v1`, 'insecure-registries': host, delivery: 'image' };
}
