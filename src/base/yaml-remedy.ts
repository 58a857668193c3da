/** What helps against what the parser says of a text; the first that fits. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/tab characters/, 'Indent with blanks: YAML takes no tabs there.'],
  [/duplicated mapping key/, 'Keep one of the two keys.'],
  // To YAML, what begins with a `*` is another name for something.
  [/alias/, 'Put text that begins with "*" between quotes.'],
  [/within a flow collection/, 'Close what is open: each "[" needs its "]", each "{" its "}".'],
  [/quoted scalar/, 'Close the quotes.'],
  [/deficient indentation/, 'Close the open bracket or quotes, or indent the lines that continue it.'],
  [
    /indentation|end of the stream|implicit|mapping/,
    'Indent the lines of a list or mapping equally. Put text between quotes if it has ": " inside, or begins with one of @ ` % & * ! |.',
  ],
];

const CORRECT = 'Correct the YAML there, or in the line before.';

/** Returns what to do about a text that is no YAML: by the parser's `reason`, and the line that it has read last. */
export function yamlRemedy(reason: string, line: string): string {
  const said = /^ *\t/.test(line) ? 'tab characters' : reason;
  return REMEDIES.find(([pattern]) => pattern.test(said))?.[1] ?? CORRECT;
}
