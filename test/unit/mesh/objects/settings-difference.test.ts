import { describe, expect, test } from '@jest/globals';
import { configurationText, settingsDifference } from '../../../../src/mesh/objects/settings-difference.ts';

const PROTOBUF = 'type.googleapis.com/google.protobuf';

describe('configurationText', () => {
  test.each<[string, unknown, string]>([
    ['none', undefined, ''],
    ['a text', { '@type': `${PROTOBUF}.StringValue`, value: '{"b": 1}' }, '{"b": 1}'],
    ['an empty text, which Protobuf leaves out', { '@type': `${PROTOBUF}.StringValue` }, ''],
    ['bytes', { '@type': `${PROTOBUF}.BytesValue`, value: 'eDogMQ==' }, 'x: 1'],
    ['a structure', { '@type': `${PROTOBUF}.Struct`, value: { b: 1, a: [2] } }, '{"a":[2],"b":1}'],
    ['another message', { '@type': 'xds.type.v3.TypedStruct', value: { a: 1 } }, '{"value":{"a":1}}'],
  ])('%s', (_, configuration, text) => {
    expect(configurationText(configuration)).toBe(text);
  });
});

describe('settingsDifference', () => {
  test.each<[string, [string, string], [string, string], string[]]>([
    ['nothing', ['r', 'x: 1'], ['r', 'x: 1'], []],
    ['the same JSON in another form', ['r', '{"a":1,"b":2}'], ['r', '{ "b": 2, "a": 1 }'], []],
    ['the root id', ['r', ''], ['', ''], ['root id "r" → ""']],
    [
      'keys, without their values',
      ['r', '{"a":1,"key":"old"}'],
      ['r', '{"a":1,"key":"new","c":1}'],
      ['configuration at "key", "c"'],
    ],
    [
      'many keys',
      ['r', '{}'],
      ['r', JSON.stringify(Object.fromEntries([...'abcdefg'].map((key) => [key, 1])))],
      ['configuration at "a", "b", "c", "d", "e" and 2 more keys'],
    ],
    [
      'a text that comes',
      ['r', ''],
      ['r', 'x: 1'],
      [expect.stringMatching(/^configuration none → sha256:[0-9a-f]{12} \(4 B\)$/) as never],
    ],
    [
      'a text for JSON',
      ['r', '{"a":1}'],
      ['r', 'secret'],
      [expect.stringMatching(/^configuration sha256:\S{12} \(7 B\) → sha256:\S{12} \(6 B\)$/) as never],
    ],
  ])('%s', (_, [rootId, configuration], [nextRootId, next], told) => {
    expect(settingsDifference({ rootId, configuration }, { rootId: nextRootId, configuration: next })).toEqual(told);
  });

  test('names no more of a long root id than a line takes', () => {
    const [told = ''] = settingsDifference(
      { rootId: 'r'.repeat(1_000), configuration: '' },
      { rootId: '', configuration: '' },
    );
    expect(told.length).toBeLessThan(100);
  });
});
