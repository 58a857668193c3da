import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { code, details, fence, table, text, textWithCode } from '../../../../../src/action/summary/parts/markdown.ts';
import { plain } from '../../../../../src/action/verdict/text.ts';
import { someOf } from '../../../../../src/base/text.ts';
import { hostile } from '../../hostile.ts';
import { skeletonOf, textNodesOf, visibleText } from '../page.ts';

describe('text', () => {
  test.each([
    ['a plain sentence.', 'a plain sentence.'],
    ['a|b', 'a&#124;b'],
    ['<script>&', '&lt;script&gt;&amp;'],
    ['**a** _b_ `c`', '&#42;&#42;a&#42;&#42; &#95;b&#95; &#96;c&#96;'],
    ['[a](b)', '&#91;a&#93;(b)'],
    ['two\nlines\r\n\there', 'two lines here'],
    ['see @octocat', 'see &#64;<wbr>octocat'],
    ['#12', '&#35;<wbr>12'],
    ['GH-12', 'GH-<wbr>12'],
    ['https://a.example', 'https&#58;<wbr>//a.example'],
    ['www.a.example', 'www<wbr>.a.example'],
    ['name: value', 'name: value'],
    ['commit 4f2a91c07b4f2a91', 'commit 4f2a91<wbr>c07b4f<wbr>2a91'],
    ['- item', '&#45; item'],
    ['12. item', '&#49;2. item'],
    ['2 of 3', '2 of 3'],
    ['\u{202e}gnp.exe', '&#91;U+202E&#93;gnp.exe'],
    ['half \u{d83d} of', 'half \u{fffd} of'],
  ])('%j gives %j', (value, expected) => {
    expect(text(value)).toBe(expected);
  });

  test('is one paragraph without any markup, whatever the string', () => {
    fc.assert(
      fc.property(hostile, (value) => {
        const safe = text(value);
        expect(skeletonOf(safe)).toEqual(plain(value) === '' ? [] : [['paragraph']]);
        expect(visibleText(safe).trim()).toBe(plain(value).replace(/\s+/g, ' '));
      }),
      { numRuns: 2_000 },
    );
  });

  test('leaves nothing for GitHub to link afterwards', () => {
    fc.assert(
      fc.property(hostile, (value) => {
        for (const node of textNodesOf(text(value))) {
          expect(node).not.toMatch(/@\w|#\d|\bGH-\d|:[\w+-]+:|:\/\/|www\.|\b[0-9a-f]{7,40}\b|\$\S+\$/i);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('code', () => {
  test('shows a name as it is', () => {
    expect(code('shop/reviews')).toBe('<code>shop/reviews</code>');
    expect(code('4f2a91c07b')).toBe('<code>4f2a91c07b</code>');
  });

  test('has its own two tags and no more, whatever the name', () => {
    fc.assert(
      fc.property(hostile, (value) => {
        expect(skeletonOf(`- ${code(value)}`)).toEqual([['list', ['<code>', '</code>']]]);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('textWithCode', () => {
  test('shows commands as code', () => {
    expect(textWithCode('Run `kubectl get -n a_b`, then *re-run*.')).toBe(
      'Run <code>kubectl get -n a&#95;b</code>, then &#42;re-run&#42;.',
    );
    expect(textWithCode('the `name`')).toBe('the &#96;name&#96;');
    expect(textWithCode('one ` alone')).toBe('one &#96; alone');
    expect(textWithCode('cut `kubectl get pods`', 14)).toBe('cut &#96;kubectl …');
  });

  test('has tags of code and no more, whatever the text', () => {
    fc.assert(
      fc.property(hostile, hostile, hostile, (before, command, after) => {
        const [list = []] = skeletonOf(`- ${textWithCode(`${before}\`kubectl ${command}\`${after}`)}`) as unknown[][];
        const tags = list[1] as readonly string[] | undefined;
        expect((tags ?? []).filter((tag) => tag !== '<code>' && tag !== '</code>')).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('fence', () => {
  test('is one block with the same lines, whatever they are', () => {
    fc.assert(
      fc.property(fc.array(hostile, { maxLength: 4 }), (lines) => {
        const block = fence(lines.join('\n'), 'text');
        expect(skeletonOf(`before\n\n${block}\n\nafter`)).toEqual([['paragraph'], 'code text', ['paragraph']]);
      }),
      { numRuns: 2_000 },
    );
  });

  test('outgrows the longest run of backticks inside', () => {
    expect(fence('a ```` b', 'yaml')).toBe('`````yaml\na ```` b\n`````');
  });

  test('gives line ends of every sort as line feeds', () => {
    expect(fence('a\r\nb\rc\n\n', 'text')).toBe('```text\na\nb\nc\n```');
  });
});

test('a table cell cannot open another one', () => {
  const cells = [text('a | b'), code('c || d')];
  expect(skeletonOf(table(['One', 'Two'], [`| ${cells.join(' | ')} |`]))).toEqual([
    ['table', [[], []], [[], ['<code>', '</code>']]],
  ]);
});

test('details fold unless told otherwise', () => {
  expect(details('Title', 'body')).toBe('<details>\n<summary>Title</summary>\n\nbody\n\n</details>');
  expect(details('Title', 'body', true)).toContain('<details open>');
});

test.each([
  [['a', 'b'], 2, 'a, b'],
  [['a', 'b', 'c'], 2, 'a, b and 1 more'],
  [['a', 'b'], 0, '2 more'],
])('someOf(%j, %i) is %j', (items, max, expected) => {
  expect(someOf(items, max)).toBe(expected);
});
