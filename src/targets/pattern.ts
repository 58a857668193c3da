/** Names of Kubernetes objects in which each `*` stands for any characters, also for none: `front-*`, `*-canary`, `*`. */

/** Whether a name has a `*`, and so may mean several. */
export function isPattern(name: string): boolean {
  return name.includes('*');
}

/**
 * Whether a name is as a pattern says; one without `*` means that name alone. Goes back to the last `*` only, so that the time is
 * at most the product of both lengths.
 */
export function matchesPattern(pattern: string, name: string): boolean {
  let [at, inName, star, resume] = [0, 0, -1, 0];
  while (inName < name.length) {
    if (pattern[at] === '*') {
      star = at++;
      resume = inName;
    } else if (pattern[at] === name[inName]) {
      at++;
      inName++;
    } else if (star >= 0) {
      at = star + 1;
      inName = ++resume;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}

/** Returns a pattern as a regular expression of a whole name, as Kustomize has names of targets. */
export function patternExpression(pattern: string): string {
  return pattern.replaceAll('.', '\\.').replaceAll('*', '.*');
}

/** Returns a name as one that a pattern may stand for, with something legal in the place of each `*`: to see whether it can be one. */
export function samplePattern(pattern: string): string {
  return pattern.replace(/\*+/g, 'x');
}
