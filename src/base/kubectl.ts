import { visible } from './visible.ts';

/** A kubectl command in a text, between backticks; those that ask no cluster have no context. */
const COMMAND = /`(kubectl (?!config |kustomize )[^`]+)`/g;

/**
 * Returns a kubectl command that goes to the cluster of a context; `undefined` where kubectl takes the right one by itself. The flag
 * stands at the end, since plugins (`kubectl argo rollouts`) take none before their own name.
 */
export function kubectl(command: string, context: string | undefined): string {
  return context === undefined ? command : `${command} --context ${shellWord(context)}`;
}

/** Returns a text whose kubectl commands between backticks go to the cluster of a context. */
export function inContext(text: string, context: string | undefined): string {
  return context === undefined
    ? text
    : text.replace(COMMAND, (_, command: string) => `\`${kubectl(command, context)}\``);
}

/** A word of a shell command. Names of Kubernetes need no quotes; whatever else comes instead of one gets them. */
export function shellWord(word: string): string {
  if (/^[a-z0-9][a-z0-9./=-]*$/.test(word)) return word;
  return `'${visible(word.slice(0, MAX_WORD).replace(/\s+/g, ' ')).replaceAll("'", "'\\''")}'`;
}

const MAX_WORD = 260;
