import { integer, list, named, object, text, word } from '../../base/schema.ts';
import type { TestOutcome } from '../../deploy/test-report.ts';

const STATES: readonly TestOutcome['state'][] = ['passed', 'failed', 'stopped', 'inconclusive'];

/** What the tests of a filter have come to. */
export const TESTED = named(
  'tested',
  object('The tests of a filter.', {
    filter: text('Its name.'),
    runs: list(
      'One for each kind of Envoy that would run it otherwise.',
      object('The tests as one of them would run them.', {
        proxies: list(
          'The versions that this is true of, as the input `proxies` has them; empty where none is known.',
          text('Such as `1.28`.'),
        ),
        tests: list(
          'The tests, as they are written.',
          object(
            'A test.',
            {
              name: text('Its name.'),
              state: word(
                '`stopped`: a trap, a crash, or no end; `inconclusive`: the trial cannot answer something. Only `passed` lets the filter pass.',
                STATES,
              ),
              log: list("The filter's log.", text('`LEVEL: TEXT`.')),
              trace: list('Its last calls of the host.', text('The function, and the status that it got.')),
            },
            {
              file: text('Where it is written, from the workspace.'),
              line: integer('The line there.', 1),
              why: list('Of `stopped` and `inconclusive`: why.', text('A clause.')),
              differences: list(
                'Of `failed`: what is not as expected.',
                object(
                  'A difference.',
                  { where: text('Such as `response.headers.x-shop`.'), expected: text('What was expected.') },
                  { got: text('What there was; omitted for nothing.') },
                ),
              ),
            },
          ),
        ),
      }),
    ),
  }),
);
