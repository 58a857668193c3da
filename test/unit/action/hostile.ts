import fc from 'fast-check';

/** Strings that are made of what Markdown, HTML and GitHub give a meaning to, and of anything else. */
export const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc
    .array(
      fc.oneof(
        fc.constantFrom(
          ...['<b>', '</details>', '<!--', '-->', '<a href="x">', '&lt;', '&#124;', '|', '`', '```', '~~~', '**', '_'],
          ...['[a](b)', '![a](b)', '[^1]', '[x]: y', '@octocat', '@org/team', '#12', 'GH-12', ':tada:', 'a@b.example'],
          ...[
            'www.evil.example',
            'https://evil.example/a?b=c&d',
            'ftp://evil.example',
            'mailto:a@b.example',
            'xmpp:a@b',
          ],
          ...[
            '\n',
            '\r',
            '\r\n\r\n',
            '\u{2028}',
            '\0',
            '    ',
            '\t',
            '\n\n# ',
            '\n- ',
            '\n1. ',
            '\n> ',
            '\n---\n',
            '\n===\n',
          ],
          ...[
            '- [ ] ',
            '1) ',
            '+ ',
            '= ',
            '# ',
            '> ',
            '\\',
            '$x$',
            '$$',
            '~~',
            '{{x}}',
            '\u{202e}',
            '\u{d800}',
            '<wbr>',
          ],
          ...[
            '0b6e4d1f930b6e4d1f930b6e4d1f930b6e4d1f93',
            '4f2a91c',
            'octocat/repo@4f2a91c07b',
            '||',
            '| :-- |',
            '\n\n```\n',
          ],
        ),
        fc.string({ maxLength: 6 }),
      ),
      { maxLength: 8 },
    )
    .map((parts) => parts.join('')),
);
