import { describe, expect, test } from '@jest/globals';
import { parseObject, parsePage, parseWatchEvent } from '../../../src/cluster/answers.ts';
import { callProblem, InvalidAnswerError } from '../../../src/cluster/errors.ts';
import { POD, ROLLOUT } from '../../../src/cluster/resources.ts';
import { WORKLOADS } from '../../harness/kinds.ts';

const { Deployment } = WORKLOADS;
const exchange = (text: string, headers: Record<string, string> = {}) => ({
  server: 'https://api.example',
  verb: 'list',
  request: { method: 'GET', path: '/apis/apps/v1/namespaces/shop/deployments' } as const,
  response: { status: 200, headers, text },
});
const list = (items: unknown, more: object = {}): string =>
  JSON.stringify({ kind: 'DeploymentList', metadata: {}, items, ...more });
const named = (more: object = {}, meta: object = {}): object => ({
  metadata: { name: 'web', namespace: 'shop', ...meta },
  ...more,
});
const thrownBy = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};

describe('a page of a list that is none', () => {
  test.each<[string, string, string]>([
    ['an empty body', '', 'it is empty'],
    ['blanks', ' \n', 'it is empty'],
    ['a page', '<!doctype html><title>Sign in</title>', 'it is an HTML page, "Sign in"'],
    ['a text', 'upstream connect error', 'it is not JSON, "upstream connect error"'],
    ['half of a list', '{"kind":"DeploymentList","items":[', 'it is not JSON'],
    ['a JSON list', '[]', 'it is JSON that is a list'],
    ['null', 'null', 'it is JSON that is null'],
    ['a string', '"ok"', 'it is JSON that is a string'],
    ['something else in JSON', '{"status":"ok"}', 'it is JSON of which metadata is missing'],
    ['a Status', '{"kind":"Status","metadata":{},"message":"no"}', 'it is a Status, "no"'],
    ['another kind', list([], { kind: 'PodList' }), 'kind is "PodList" instead of "DeploymentList"'],
    ['no items and no kind', JSON.stringify({ metadata: {} }), 'items is missing'],
    ['null as items', list(null), 'items is null instead of a list'],
    ['an object as items', list({}), 'items is an object instead of a list'],
    ['a number as token', list([], { metadata: { continue: 1 } }), 'metadata.continue is a number instead of a string'],
    ['an item that is null', list([null]), 'items[0] is null instead of an object'],
    ['an item without metadata', list([named(), {}]), 'items[1].metadata is missing'],
    ['an item without a name', list([{ metadata: {} }]), 'items[0].metadata.name is missing'],
    ['another kind of item', list([named({ kind: 'Pod' })]), 'items[0].kind is "Pod" instead of "Deployment"'],
    ['a list as labels', list([named({}, { labels: [] })]), 'items[0].metadata.labels is a list instead of an object'],
    [
      'a number as label',
      list([named({}, { labels: { a: 1 } })]),
      'items[0].metadata.labels["a"] is a number instead of a string',
    ],
    [
      'a string as generation',
      list([named({}, { generation: '1' })]),
      'items[0].metadata.generation is a string instead of a number',
    ],
    ['a list as spec', list([named({ spec: [] })]), 'items[0].spec is a list instead of an object'],
    [
      'a string as template',
      list([named({ spec: { template: 'x' } })]),
      'items[0].spec.template is a string instead of an object',
    ],
    [
      'an object as conditions',
      list([named({ status: { conditions: {} } })]),
      'items[0].status.conditions is an object instead of a list',
    ],
  ])('%s', (_, text, found) => {
    const error = thrownBy(() => parsePage(exchange(text), Deployment));
    expect(error).toBeInstanceOf(InvalidAnswerError);
    const { kind, message, remedy } = callProblem(error, 'listing Deployments');
    expect(message).toContain(
      `the answer to GET /apis/apps/v1/namespaces/shop/deployments is not a Kubernetes API server's`,
    );
    expect(message).toContain(found);
    expect(message).toContain('where a DeploymentList was expected (status 200)');
    expect(remedy).toContain('https://api.example');
    expect(kind).toBe('connection');
  });

  test('an encoding that was not asked for', () => {
    const error = thrownBy(() => parsePage(exchange(list([]), { 'content-encoding': 'gzip' }), Deployment));
    expect(error).toMatchObject({ message: expect.stringContaining('in the encoding gzip, which was not requested') });
  });
});

test.each<[string, object, string]>([
  [
    'a string as templates of an analysis',
    { spec: { strategy: { canary: { analysis: { templates: 'x' } } } } },
    'spec.strategy.canary.analysis.templates is a string instead of a list',
  ],
  [
    'a number as the name of an AnalysisRun',
    { status: { blueGreen: { prePromotionAnalysisRunStatus: { name: 1, status: 'Failed' } } } },
    'status.blueGreen.prePromotionAnalysisRunStatus.name is a number instead of a string',
  ],
])('a Rollout that is none: %s', (_, rollout, found) => {
  const text = JSON.stringify({ kind: 'RolloutList', metadata: {}, items: [named(rollout)] });
  expect(() => parsePage(exchange(text), ROLLOUT)).toThrow(`items[0].${found}`);
});

test('what an API server leaves out, or Go writes as null, is as good as absent', () => {
  const item = named(
    {
      spec: { template: { metadata: { creationTimestamp: null, labels: null }, spec: { volumes: null } } },
      status: null,
    },
    { annotations: null },
  );
  const { items } = parsePage(exchange(list([item], { metadata: { continue: null } })), Deployment);
  expect(items).toEqual([item]);
});

test('an empty list of metadata is null in a real API server', () => {
  expect(parsePage(exchange(list(null, { kind: 'PartialObjectMetadataList' })), Deployment)).toMatchObject({
    items: null,
  });
});

test.each(['DeploymentList', 'PartialObjectMetadataList'])('an empty %s may be without items', (kind) => {
  expect(parsePage(exchange(JSON.stringify({ kind, metadata: {} })), Deployment).items).toBeUndefined();
});

test('an object has to be the one that was asked for', () => {
  const read = (name: string): unknown => parseObject(exchange(JSON.stringify(named())), Deployment, name);
  expect(read('web')).toMatchObject({ metadata: { name: 'web' } });
  expect(() => read('api')).toThrow('metadata.name is "web" instead of "api"');
});

describe('a line of a watch', () => {
  const pod = { metadata: { name: 'a', namespace: 'shop' } };
  test.each<[string, object]>([
    [JSON.stringify({ type: 'ADDED', object: pod }), { type: 'ADDED', object: pod }],
    [
      '{"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"5","creationTimestamp":null}}}',
      { type: 'BOOKMARK' },
    ],
    ['{"type":"ERROR","object":{"code":410}}', { type: 'ERROR', code: 410 }],
    ['{"type":"ERROR","object":[]}', { type: 'ERROR', code: 0 }],
    ['{"type":"ERROR"}', { type: 'ERROR', code: 0 }],
    ['<html>', { invalid: 'an HTML page instead of an event' }],
    ['[]', { invalid: 'JSON that is a list instead of an event' }],
    ['{"type":"BOOKMARK","object":{}}', { invalid: 'an event whose object.metadata is missing' }],
    ['{"type":"MODIFIED"}', { invalid: 'an event whose object is missing' }],
    ['{"type":"EXPLODED","object":{}}', { invalid: 'an event of an unknown type' }],
    [
      JSON.stringify({ type: 'DELETED', object: { ...pod, status: { phase: 1 } } }),
      { invalid: 'an event whose object.status.phase is a number instead of a string' },
    ],
  ])('%s', (line, event) => {
    expect(parseWatchEvent(line, POD)).toMatchObject(event);
  });
});
