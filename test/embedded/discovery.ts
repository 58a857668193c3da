/** The discovery documents: `/version`, `/api`, `/apis` and the resources of each group version. */
import { REVIEWS } from './access-review.ts';
import type { JsonObject } from './json.ts';
import { groupVersion, type Resource } from './resources.ts';

export const VERSION: JsonObject = {
  major: '1',
  minor: '34',
  emulationMajor: '1',
  emulationMinor: '34',
  minCompatibilityMajor: '1',
  minCompatibilityMinor: '33',
  gitVersion: 'v1.34.0+embedded',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '2025-08-27T00:00:00Z',
  goVersion: '',
  compiler: 'gc',
  platform: 'linux/amd64',
};

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

/** The document at a discovery path, or undefined when there is none. */
export function discoveryDocument(path: string, resources: readonly Resource[]): JsonObject | undefined {
  const trimmed = path.replace(/\/$/, '');
  if (trimmed === '/api') return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
  if (trimmed === '/apis')
    return {
      kind: 'APIGroupList',
      apiVersion: 'v1',
      groups: groupsOf(resources).map((group) => groupDocument(group, resources)),
    };
  const match = /^\/(?:api|apis\/([^/]+))\/(v[^/]+)$/.exec(trimmed);
  if (match !== null) return resourceList(match[1] ?? '', match[2] ?? '', resources);
  const group = /^\/apis\/([^/]+)$/.exec(trimmed)?.[1];
  if (group === undefined || !groupsOf(resources).includes(group)) return undefined;
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupDocument(group, resources) };
}

function groupsOf(resources: readonly Resource[]): string[] {
  return [...new Set([...resources.map((resource) => resource.group), 'authorization.k8s.io'])].filter(
    (group) => group !== '',
  );
}

function groupDocument(group: string, resources: readonly Resource[]): JsonObject {
  const found = [
    ...new Set(resources.filter((resource) => resource.group === group).map((resource) => resource.version)),
  ];
  const versions = (found.length === 0 ? ['v1'] : found).map((version) => ({
    groupVersion: `${group}/${version}`,
    version,
  }));
  return { name: group, versions, preferredVersion: versions[0] ?? {} };
}

function resourceList(group: string, version: string, resources: readonly Resource[]): JsonObject | undefined {
  const wanted = group === '' ? version : `${group}/${version}`;
  const found = resources.filter((resource) => groupVersion(resource) === wanted);
  const reviews = Object.entries(REVIEWS).map(([name, kind]) => ({
    name,
    singularName: '',
    namespaced: false,
    kind,
    verbs: ['create'],
  }));
  if (wanted === 'authorization.k8s.io/v1') {
    return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: wanted, resources: reviews };
  }
  if (found.length === 0) return undefined;
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: wanted,
    resources: found.flatMap((resource) => [
      {
        name: resource.plural,
        singularName: resource.kind.toLowerCase(),
        namespaced: resource.namespaced,
        kind: resource.kind,
        verbs: VERBS,
        shortNames: [...resource.shortNames],
      },
      ...(resource.status
        ? [
            {
              name: `${resource.plural}/status`,
              singularName: '',
              namespaced: resource.namespaced,
              kind: resource.kind,
              verbs: ['get', 'patch', 'update'],
            },
          ]
        : []),
    ]),
  };
}
