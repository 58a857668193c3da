/**
 * What the CRDs of Istio's extensions and of Gateway API ask of the fields that clients under test write (istio 1.31:
 * manifests/charts/base/files/crd-all.gen.yaml; gateway-api 1.6: config/crd/standard/gateway.networking.k8s.io_gateways.yaml).
 */
import { isList, isObject } from '../json.ts';
import type { Rule, Schema } from './schema.ts';

const TARGET_REFS: Schema = {
  maxItems: 16,
  items: {
    required: ['kind', 'name'],
    properties: {
      kind: { minLength: 1 },
      name: { minLength: 1 },
      namespace: {
        rules: [{ message: 'cross namespace referencing is not currently supported', holds: (text) => text === '' }],
      },
    },
  },
};
const MATCH: Schema = {
  items: {
    properties: {
      mode: { enum: ['UNDEFINED', 'CLIENT', 'SERVER', 'CLIENT_AND_SERVER'] },
      ports: { key: 'number', items: { required: ['number'] } },
    },
  },
};
/** What a WasmPlugin has in its `spec` and a TrafficExtension in `spec.wasm`. */
const MODULE: Readonly<Record<string, Schema>> = {
  url: { minLength: 1 },
  failStrategy: { enum: ['FAIL_CLOSE', 'FAIL_OPEN', 'FAIL_RELOAD'] },
  imagePullPolicy: { enum: ['UNSPECIFIED_POLICY', 'IfNotPresent', 'Always'] },
  imagePullSecret: { minLength: 1 },
  pluginName: { minLength: 1 },
  type: { enum: ['UNSPECIFIED_PLUGIN_TYPE', 'HTTP', 'NETWORK'] },
};

/** At most one of these members is there. */
const atMaxOne = (message: string, ...names: readonly string[]): Rule => ({
  message,
  holds: (value) => isObject(value) && names.filter((name) => name in value).length <= 1,
});
const ONE_TARGET = 'only one of targetRefs or selector can be set';

export const WASM_PLUGIN: Schema = {
  properties: {
    spec: {
      required: ['url'],
      properties: {
        ...MODULE,
        match: MATCH,
        targetRefs: TARGET_REFS,
        phase: { enum: ['UNSPECIFIED_PHASE', 'AUTHN', 'AUTHZ', 'STATS'] },
      },
      rules: [atMaxOne(ONE_TARGET, 'selector', 'targetRef', 'targetRefs')],
    },
  },
};

export const TRAFFIC_EXTENSION: Schema = {
  properties: {
    spec: {
      properties: {
        match: MATCH,
        targetRefs: TARGET_REFS,
        phase: { enum: ['UNSPECIFIED', 'AUTHN', 'AUTHZ', 'STATS'] },
        wasm: { required: ['url'], properties: MODULE },
        lua: { required: ['inlineCode'], properties: { inlineCode: { minLength: 1 } } },
      },
      rules: [
        atMaxOne(ONE_TARGET, 'selector', 'targetRefs'),
        {
          message: 'exactly one of wasm or lua must be set',
          holds: (spec) => isObject(spec) && 'wasm' in spec !== 'lua' in spec,
        },
      ],
    },
  },
};

export const GATEWAY: Schema = {
  required: ['spec'],
  properties: {
    spec: {
      required: ['gatewayClassName', 'listeners'],
      properties: {
        gatewayClassName: { minLength: 1 },
        listeners: {
          minItems: 1,
          maxItems: 64,
          key: 'name',
          items: { required: ['name', 'port', 'protocol'], properties: { name: { minLength: 1 } } },
          rules: [{ message: 'Listener name must be unique within the Gateway', holds: areNamedApart }],
        },
      },
    },
  },
};

function areNamedApart(listeners: unknown): boolean {
  const names = (isList(listeners) ? listeners : []).map((listener) =>
    isObject(listener) ? listener.name : undefined,
  );
  return new Set(names).size === names.length;
}
