import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compareFields, fieldsOf } from '../../embedded/fields/compare.ts';
import { FieldSet, FieldSetBuilder, pathText } from '../../embedded/fields/field-set.ts';
import { rootType } from '../../embedded/fields/field-types.ts';
import type { Json } from '../../embedded/json.ts';

const element = fc.constantFrom('f:a', 'f:b', 'f:c', 'k:{"name":"x"}', 'v:"y"');
const paths = fc.array(fc.array(element, { minLength: 1, maxLength: 4 }), { maxLength: 12 });

function setOf(list: readonly (readonly string[])[]): FieldSet {
  const builder = new FieldSetBuilder();
  for (const path of list) builder.insert(path);
  return builder.build();
}

function texts(set: FieldSet): string[] {
  return [...set.paths()].map((path) => path.join(' ')).sort();
}

describe('field sets', () => {
  test('fieldsV1 gives back the same set', () => {
    fc.assert(
      fc.property(paths, (list) => {
        const set = setOf(list);
        expect(texts(FieldSet.fromFieldsV1(set.toFieldsV1()))).toEqual(texts(set));
      }),
    );
  });

  test('union, intersection and difference are those of sets of paths', () => {
    fc.assert(
      fc.property(paths, paths, (one, two) => {
        const [a, b] = [setOf(one), setOf(two)];
        const [left, right] = [new Set(texts(a)), new Set(texts(b))];
        expect(texts(a.union(b))).toEqual([...left.union(right)].sort());
        expect(texts(a.intersection(b))).toEqual([...left.intersection(right)].sort());
        expect(texts(a.difference(b))).toEqual([...left.difference(right)].sort());
      }),
    );
  });

  test('paths are written as conflicts name them', () => {
    const path = [
      'f:spec',
      'f:containers',
      'k:{"name":"app"}',
      'f:ports',
      'k:{"containerPort":80,"protocol":"TCP"}',
      'f:name',
    ];
    expect(pathText(path)).toBe('.spec.containers[name="app"].ports[containerPort=80,protocol="TCP"].name');
    expect(pathText(['f:metadata', 'f:finalizers', 'v:"a/b"'])).toBe('.metadata.finalizers[="a/b"]');
  });
});

describe('the fields of an object', () => {
  const pod: Json = {
    metadata: { labels: { app: 'x' }, finalizers: ['a/b'], ownerReferences: [{ uid: 'u', name: 'o' }] },
    spec: {
      containers: [{ name: 'app', env: [{ name: 'A', value: '1' }], ports: [{ containerPort: 80 }], args: ['x'] }],
      nodeSelector: { a: 'b' },
      volumes: [{ name: 'v', emptyDir: {} }],
    },
  };

  test('as an applier owns them: keyed lists by key, atomic ones as a whole', () => {
    expect(fieldsOf(pod, rootType(false)).toFieldsV1()).toEqual({
      'f:metadata': {
        'f:labels': { 'f:app': {} },
        'f:finalizers': { 'v:"a/b"': {} },
        'f:ownerReferences': { 'k:{"uid":"u"}': {} },
      },
      'f:spec': {
        'f:containers': {
          'k:{"name":"app"}': {
            '.': {},
            'f:name': {},
            'f:args': {},
            'f:env': { 'k:{"name":"A"}': { '.': {}, 'f:name': {}, 'f:value': {} } },
            'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
          },
        },
        'f:nodeSelector': {},
        'f:volumes': { 'k:{"name":"v"}': { '.': {}, 'f:name': {}, 'f:emptyDir': {} } },
      },
    });
  });

  test('a custom resource: maps by field, lists as a whole', () => {
    const filter: Json = {
      spec: { workloadSelector: { labels: { app: 'x' } }, configPatches: [{ applyTo: 'HTTP_FILTER' }] },
    };
    expect(fieldsOf(filter, rootType(true)).toFieldsV1()).toEqual({
      'f:spec': { 'f:workloadSelector': { 'f:labels': { 'f:app': {} } }, 'f:configPatches': {} },
    });
  });

  test('a comparison names what came, changed and went', () => {
    const before: Json = { data: { a: '1', b: '2' }, metadata: { labels: { x: '1' } } };
    const after: Json = { data: { a: '1', b: '3', c: '4' }, metadata: {} };
    const { added, modified, removed } = compareFields(before, after, rootType(false));
    expect(added.toFieldsV1()).toEqual({ 'f:data': { 'f:c': {} } });
    expect(modified.toFieldsV1()).toEqual({ 'f:data': { 'f:b': {} } });
    expect(removed.toFieldsV1()).toEqual({ 'f:metadata': { 'f:labels': { '.': {}, 'f:x': {} } } });
  });
});
