import type { Json } from '../base/json.ts';
import type { Revision } from './revision.ts';

/** envoy.extensions.filters.http.wasm.v3.Wasm of a revision, whose module is at `file`: only fields that it needs. */
export function renderWasm({ filter, settings }: Revision, file: string): Json {
  return {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm',
    config: {
      name: filter,
      root_id: settings.rootId,
      // failure_policy needs Envoy 1.33 and excludes fail_open, which every version reads.
      fail_open: settings.failPolicy === 'open',
      // A StringValue is handed to the filter as it is; a Struct would be written anew as JSON.
      ...(settings.configuration === ''
        ? {}
        : {
            configuration: {
              '@type': 'type.googleapis.com/google.protobuf.StringValue',
              value: settings.configuration,
            },
          }),
      vm_config: {
        vm_id: settings.vmId,
        runtime: 'envoy.wasm.runtime.v8',
        code: { local: { filename: file } },
      },
    },
  };
}
