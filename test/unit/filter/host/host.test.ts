import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HOST_FUNCTIONS } from '../../../../src/filter/compatibility/host-functions.ts';
import { FilterLog } from '../../../../src/filter/host/filter-log.ts';
import { HeaderMap } from '../../../../src/filter/host/header-map.ts';
import { hostFunctions } from '../../../../src/filter/host/host-functions.ts';
import { HostState } from '../../../../src/filter/host/host-state.ts';
import { Metrics } from '../../../../src/filter/host/metrics.ts';
import { parseHeaders, serializeHeaders } from '../../../../src/filter/host/pairs.ts';
import { property } from '../../../../src/filter/host/properties.ts';
import { SharedData, SharedQueues } from '../../../../src/filter/host/shared-data.ts';
import { Status } from '../../../../src/filter/host/status.ts';
import { Stream } from '../../../../src/filter/host/stream.ts';
import { NOBODY } from '../../../../src/filter/host/world.ts';
import { ByteReader } from '../../../../src/filter/module/byte-reader.ts';
import { ABI_VERSIONS } from '../../../../src/filter/module/facts.ts';
import { encodeNumber, limitMemory } from '../../../../src/filter/trial/memory-limits.ts';
import { assemble, filter, request } from '../trial/modules.ts';
import { assemble as assembleFields } from '../wat.ts';

test.each(ABI_VERSIONS)(
  'every host function that some Envoy gives to filters of ABI %s is answered, and no other',
  (abi) => {
    const log = new FilterLog(() => undefined);
    const functions = hostFunctions(new HostState(request(new Uint8Array()), abi, log, () => undefined, NOBODY));
    const answered = Object.entries(functions).flatMap(([module, members]) =>
      Object.keys(members).map((name) => `${module}.${name}`),
    );
    const known = HOST_FUNCTIONS.filter(({ abis }) => abis.includes(abi)).flatMap(({ modules, name }) =>
      modules.map((module) => `${module}.${name}`),
    );
    expect(answered.sort()).toEqual(known.sort());
  },
);

const text = fc.string({ unit: 'binary' });
const headers = fc.array(fc.tuple(text, text), { maxLength: 8 });

describe('serialised pairs', () => {
  test('are laid out as the ABI says', () => {
    const bytes = serializeHeaders([
      ['a', '1'],
      ['b', '22'],
    ]);
    expect([...bytes]).toEqual([
      2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 97, 0, 49, 0, 98, 0, 50, 50, 0,
    ]);
    expect(serializeHeaders([])).toHaveLength(0);
  });

  test('read back as they were', () => {
    fc.assert(fc.property(headers, (all) => expect(parseHeaders(serializeHeaders(all))).toEqual(all)));
  });

  test('that are cut or longer than they say are none', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 4 }), fc.nat(), (all, at) => {
        const bytes = serializeHeaders(all);
        expect(parseHeaders(bytes.subarray(0, at % bytes.length))).toEqual([]);
        expect(parseHeaders(Uint8Array.of(...bytes, 0))).toEqual([]);
      }),
    );
  });

  test('any bytes can be read', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => Array.isArray(parseHeaders(bytes))));
  });
});

test('a header map knows names in any case, in order, more than once', () => {
  const map = new HeaderMap([
    ['A', '1'],
    ['b', '2'],
    ['a', '3'],
  ]);
  expect(map.get('A')).toBe('1');
  expect(map.byteSize).toBe(6);
  map.add('C', '4');
  map.replace('A', '5');
  map.replace('New', '6');
  map.remove('B');
  expect(map.headers).toEqual([
    ['a', '5'],
    ['c', '4'],
    ['new', '6'],
  ]);
  map.replaceAll([['X', 'y']]);
  expect(map.headers).toEqual([['x', 'y']]);
});

describe('properties', () => {
  const REQUEST = new HeaderMap([
    [':path', '/trial?run=1'],
    ['content-type', 'application/json'],
  ]);
  const streamWith = (open: boolean): Stream => {
    const made = new Stream(2);
    made.request.headers = REQUEST;
    made.request.open = open;
    return made;
  };
  const stream = streamWith(true);
  const int64 = (value: number): number[] => [value & 255, (value >> 8) & 255, 0, 0, 0, 0, 0, 0];
  const inStream = (path: string) => property(path.replaceAll('.', '\0'), request(new Uint8Array()), stream);
  const outside = (path: string) => property(path.replaceAll('.', '\0'), request(new Uint8Array()), undefined);

  test.each<[string, string | readonly number[]]>([
    ['plugin_root_id', 'root'],
    ['plugin_name', 'trial'],
    ['plugin_vm_id', 'vm'],
    ['xds.listener_direction', int64(1)],
    ['request.path', '/trial?run=1'],
    ['request.url_path', '/trial'],
    ['request.query', 'run=1'],
    ['request.headers.Content-Type', 'application/json'],
    ['source.address', '10.0.0.1:40000'],
    ['destination.port', int64(8080)],
    ['connection.mtls', [0]],
    ['xds.cluster_name', 'inbound|8080||'],
    ['xds.node.metadata.NAMESPACE', 'default'],
    ['response.flags', int64(0)],
  ])('%s', (path, expected) => {
    const bytes = typeof expected === 'string' ? Buffer.from(expected) : expected;
    expect([...inStream(path)]).toEqual([...bytes]);
  });

  test('a header map comes as pairs, with or without a NUL at the end of the path', () => {
    const bytes = inStream('request.headers');
    expect(typeof bytes === 'string' ? bytes : parseHeaders(bytes)).toEqual(REQUEST.headers);
    expect(inStream('request.headers.')).toEqual(bytes);
  });

  test.each<[string, 'absent' | 'unknown']>([
    ['request.headers.x-none', 'absent'],
    ['plugin_name.more', 'absent'],
    ['response.code', 'absent'],
    ['request.duration', 'absent'],
    ['upstream.address', 'absent'],
    ['xds.node.metadata.MY_LABEL', 'unknown'],
    ['xds.node', 'unknown'],
    ['node.metadata.NAMESPACE', 'unknown'],
    ['listener_direction', 'unknown'],
    ['my.state', 'unknown'],
    ['constructor', 'unknown'],
  ])('%s is %s', (path, answer) => expect(inStream(path)).toBe(answer));

  test('outside of a request there is none', () => {
    expect(outside('request.path')).toBe('absent');
    expect(outside('xds.listener_direction')).toBe('absent');
    expect(outside('plugin_root_id')).toEqual(Buffer.from('root').subarray());
  });

  test.each<[string, boolean]>([
    ['request.path', false],
    ['request.headers.content-type', false],
    ['request.protocol', true],
    ['upstream.address', true],
  ])('when the headers have gone on, %s is there: %s', (path, there) => {
    const gone = streamWith(false);
    expect(property(path.replaceAll('.', '\0'), request(new Uint8Array()), gone) !== 'absent').toBe(there);
    // While the request is logged, they are there again.
    gone.logging = true;
    expect(property(path.replaceAll('.', '\0'), request(new Uint8Array()), gone)).not.toBe('absent');
  });

  test('the status of the answer is there with the answer', () => {
    const answered = streamWith(false);
    answered.response.headers = new HeaderMap([[':status', '200']]);
    expect(property('response\0code', request(new Uint8Array()), answered)).toEqual(Uint8Array.of(...int64(200)));
  });
});

describe('the cap on memory', () => {
  test.each([
    ['no maximum', '2', '2 16384', 2],
    ['a higher one', '2 30000', '2 16384', 2],
    ['a lower one', '2 5', '2 5', 2],
    ['more than the cap from the start', '20000', '20000 20000', 20_000],
    ['shared with other threads', '2 30000 shared', '2 16384 shared', 2],
    ['of 64 bits', 'i64 2', 'i64 2 16384', 2],
  ])('%s', (_case, memory, expected, pages) => {
    const withMemory = (limits: string) => assembleFields(`(memory (export "memory") ${limits}) (func (export "f"))`);
    const limited = limitMemory(withMemory(memory));
    expect(Buffer.from(limited.bytes)).toEqual(Buffer.from(withMemory(expected)));
    expect(limited.initialPages).toBe(pages);
  });

  test('imported memory and table are found among other imports', async () => {
    const { importedMemory, importedTable, initialPages } = limitMemory(
      await assemble(
        '(module (import "a" "g" (global i32)) (import "a" "t" (table 3 4 funcref)) (import "a" "f" (func)) (import "a" "m" (memory 5)))',
      ),
    );
    expect({ importedMemory, importedTable, initialPages }).toEqual({
      importedMemory: { flags: 0, initial: 5 },
      importedTable: { element: 'anyfunc', flags: 1, initial: 3, maximum: 4 },
      initialPages: 5,
    });
  });

  test('whatever the bytes are, nothing is thrown', async () => {
    const good = await filter();
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => void limitMemory(bytes)));
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), (at, byte) => {
        void limitMemory(good.with(at, byte));
      }),
    );
  });

  test('numbers read back as they were', () => {
    fc.assert(
      fc.property(fc.nat(0xffff_ffff), (value) => {
        expect(new ByteReader(Uint8Array.from(encodeNumber(value))).unsigned()).toBe(value);
      }),
    );
  });
});

test('metrics count, and say what cannot be done', () => {
  const metrics = new Metrics();
  const [counter = 0, gauge = 0, histogram = 0] = [0, 1, 2].map((kind) => metrics.define(kind, 'a'));
  expect(metrics.define(3, 'a')).toBeUndefined();
  expect(metrics.increment(counter, 2n)).toBe(Status.ok);
  expect(metrics.increment(counter, -1n)).toBe(Status.badArgument);
  expect(metrics.record(gauge, 7n)).toBe(Status.ok);
  expect(metrics.increment(gauge, -2n)).toBe(Status.ok);
  expect(metrics.increment(histogram, 1n)).toBe(Status.badArgument);
  // The lowest two bits of an id are its kind.
  expect([counter, gauge, histogram, 96, 99].map((id) => metrics.get(id))).toEqual([
    2n,
    5n,
    Status.badArgument,
    Status.notFound,
    Status.badArgument,
  ]);
  expect(metrics.increment(counter, 0n)).toBe(Status.badArgument);
});

test('shared data is set only over the version that was read', () => {
  const shared = new SharedData();
  const value = Uint8Array.of(1);
  expect(shared.get('k')).toBeUndefined();
  expect(shared.set('k', value, 0)).toBe(Status.ok);
  const { version } = shared.get('k') ?? { version: -1 };
  expect(shared.set('k', value, version)).toBe(Status.ok);
  expect(shared.set('k', value, version)).toBe(Status.casMismatch);
});

test('a queue is found by its VM and name, and gives what came first', () => {
  const queues = new SharedQueues('vm');
  const id = queues.register('q');
  expect(queues.register('q')).toBe(id);
  expect([
    queues.resolve('', 'q'),
    queues.resolve('vm', 'q'),
    queues.resolve('other', 'q'),
    queues.resolve('', 'r'),
  ]).toEqual([id, id, undefined, undefined]);
  queues.items(id)?.push(Uint8Array.of(1), Uint8Array.of(2));
  expect(queues.items(id)?.shift()).toEqual(Uint8Array.of(1));
  expect(queues.items(99)).toBeUndefined();
});
