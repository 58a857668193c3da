/** The two palettes that a reader of GitHub chooses from. */
export type Scheme = 'light' | 'dark';

export const SCHEMES: readonly Scheme[] = ['light', 'dark'];

const PALETTES: Readonly<Record<Scheme, string>> = {
  light:
    '--page: #f6f8fa; --paper: #fff; --text: #1f2328; --muted: #59636e; --line: #d1d9e0; --shade: #f6f8fa; --code: #818b981f; --link: #0969da',
  dark: '--page: #010409; --paper: #0d1117; --text: #f0f6fc; --muted: #9198a1; --line: #3d444d; --shade: #151b23; --code: #656c7633; --link: #4493f8',
};

/** Returns a style sheet near enough to GitHub's own look of Markdown, in an `article`, to judge widths, emphasis and folding. */
export function githubStyle(scheme: Scheme): string {
  return `
  :root { ${PALETTES[scheme]}; color-scheme: ${scheme}; }
  body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 "Liberation Sans", "Noto Color Emoji", Arial, sans-serif; }
  article { background: var(--paper); border: 1px solid var(--line); border-radius: 6px; padding: 24px 32px; overflow-x: auto; }
  h1 { font-size: 2em; } h1, h2 { padding-bottom: .3em; border-bottom: 1px solid var(--line); } h2 { font-size: 1.5em; margin: 0 0 16px; }
  h3 { font-size: 1.25em; margin: 24px 0 16px; } h4 { font-size: 1em; margin: 24px 0 16px; }
  p, ul, table, pre, details { margin: 0 0 16px; } a { color: var(--link); }
  ul { padding-left: 2em; } li + li { margin-top: .25em; }
  code { font: 85% "Liberation Mono", monospace; background: var(--code); padding: .2em .4em; border-radius: 6px; }
  pre { background: var(--shade); padding: 16px; border-radius: 6px; overflow: auto; font-size: 85%; line-height: 1.45; }
  pre code { background: none; padding: 0; font-size: 100%; }
  table { border-collapse: collapse; display: block; width: max-content; max-width: 100%; overflow: auto; }
  th, td { border: 1px solid var(--line); padding: 6px 13px; } tr:nth-child(2n) { background: var(--shade); }
  blockquote { margin: 0 0 16px; padding: 0 1em; color: var(--muted); border-left: .25em solid var(--line); }
  summary { cursor: pointer; } img { max-width: 100%; }
`;
}
