import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseAttestation } from '../../../../src/action/inputs/provenance.ts';
import type { Result } from '../../../../src/base/problem.ts';
import type { ProvenancePolicy } from '../../../../src/provenance/policy.ts';
import { messagesIn, must } from '../../builders.ts';
import { goodInputs, messagesOn, warningsOn } from './reading.ts';

const parse = (text: string): Result<ProvenancePolicy> => parseAttestation(text, 'input "attestation"');
const COMMIT = 'c0ffee'.padEnd(40, '0');

describe('an attestation is wanted of', () => {
  test.each<[string, ProvenancePolicy]>([
    ['bookshop/filters', { repository: 'bookshop/filters' }],
    ['"Book-Shop_x/my.filters_2"', { repository: 'Book-Shop_x/my.filters_2' }],
    ['{repository: bookshop/filters}', { repository: 'bookshop/filters' }],
    ['repository: bookshop/filters\nref: refs/tags/v1', { repository: 'bookshop/filters', ref: 'refs/tags/v1' }],
    [
      '{repository: a/b, workflow: .github/workflows/build.yml}',
      { repository: 'a/b', workflow: 'a/b/.github/workflows/build.yml' },
    ],
    [
      '{repository: a/b, workflow: .github/workflows/build.yaml@refs/heads/main}',
      { repository: 'a/b', workflow: 'a/b/.github/workflows/build.yaml@refs/heads/main' },
    ],
    [
      '{repository: a/b, workflow: c/d/.github/workflows/wasm.yml@refs/tags/x@y, ref: refs/heads/main}',
      { repository: 'a/b', workflow: 'c/d/.github/workflows/wasm.yml@refs/tags/x@y', ref: 'refs/heads/main' },
    ],
    [
      `{repository: a/b, workflow: c/d/.github/workflows/wasm.yml@${COMMIT}}`,
      { repository: 'a/b', workflow: `c/d/.github/workflows/wasm.yml@${COMMIT}` },
    ],
  ])('%s', (text, expected) => {
    expect(must(parse(text))).toEqual(expected);
  });
});

describe('an attestation cannot be wanted of', () => {
  test.each<[string, string[]]>([
    ['bookshop', ['has the repository "bookshop". Write it as OWNER/REPO']],
    ['https://github.com/a/b', ['has the repository "https://github.com/a/b".']],
    ['a/b/c', ['has the repository "a/b/c".']],
    ['a/..', ['has the repository "a/..".']],
    ['a/b?c', ['has the repository "a/b?c".']],
    ['5', ['is 5, which names no repository. Write OWNER/REPO, or a mapping']],
    ['[a/b]', ['is ["a/b"], which names no repository.']],
    ['# nothing', ['is empty. Write OWNER/REPO']],
    ['{repository: a/b', ['is not valid YAML: ']],
    ['{}', ['names no repository.']],
    ['{repository: }', ['has the repository null.']],
    ['{repo: a/b}', ['has the unknown key "repo". Did you mean "repository"?', 'names no repository.']],
    ['{repository: a/b, workflow: build.yml}', ['has the workflow "build.yml". Write .github/workflows/FILE.yml, or ']],
    ['{repository: a/b, workflow: .github/workflows/build.yml@main}', ['has the workflow ".github']],
    ['{repository: a/b, workflow: .github/workflows/a/b.yml}', ['has the workflow ".github']],
    ['{repository: a/b, workflow: c/.github/workflows/b.yml}', ['has the workflow "c/.github']],
    ['{repository: a/b, workflow: 5}', ['has the workflow 5.']],
    ['{repository: a/b, ref: main}', ['has the ref "main". Write it in full, such as refs/heads/main']],
    ['{repository: 1, workflow: 2, ref: 3}', ['has the repository 1.', 'has the workflow 2.', 'has the ref 3.']],
  ])('%s', (text, expected) => {
    const messages = messagesIn(parse(text));
    expect(messages).toHaveLength(expected.length);
    for (const [index, message] of messages.entries()) expect(message).toContain(expected[index]);
  });

  test('any text is a repository, or a problem', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const parsed = parse(text);
        if (parsed.ok) expect(parsed.value.repository).toMatch(/^[\w-]+\/[\w.-]+$/);
        else expect(parsed.problems.length).toBeGreaterThan(0);
      }),
    );
  });
});

describe('the inputs', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: what action.yml has.
  const DEFAULT = '${{ github.token }}';

  test('without an attestation ask for none, whatever the token', () => {
    expect(goodInputs().provenance).toEqual({ token: '' });
    expect(goodInputs({ 'github-token': ' t\n' }).provenance).toEqual({ token: 't' });
  });

  test('have policy and token', () => {
    expect(goodInputs({ attestation: ' a/b\n', 'github-token': 't' }).provenance).toEqual({
      policy: { repository: 'a/b' },
      token: 't',
    });
  });

  test('tell what is wrong', () => {
    expect(messagesOn({ attestation: 'a' })).toEqual([expect.stringContaining('input "attestation" has the rep')]);
  });

  test('warn of an attestation where no filter is read, but not of the token that the runner fills in', () => {
    const given = { command: 'remove', attestation: 'a/b', 'github-token': 'ghs_filled_in' };
    expect(warningsOn(given)).toEqual([expect.stringMatching(/"attestation"(?!.*"github-token")/)]);
    expect(warningsOn({ 'github-token': DEFAULT })).toEqual([]);
  });
});
