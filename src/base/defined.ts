/** The properties of `T`, each of them optional and never `undefined`. */
export type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/**
 * Returns the properties that are not `undefined`. Spread, they are the optional properties of an object, which are left out
 * where there is nothing to say: `{ kind, ...defined({ subject, remedy }) }`.
 */
export function defined<T extends object>(properties: T): Defined<T> {
  const result: Partial<T> = {};
  // Called for every workload several times, so it makes nothing in between.
  for (const key in properties) {
    const value = properties[key];
    if (value !== undefined) result[key] = value;
  }
  return result as Defined<T>;
}
