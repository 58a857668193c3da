/** The properties of `T`, each of them optional and never `undefined`. */
export type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/**
 * Returns the properties that are not `undefined`. Spread, they are the optional properties of an object, which are left out
 * where there is nothing to say: `{ kind, ...defined({ subject, remedy }) }`.
 */
export function defined<T extends object>(properties: T): Defined<T> {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined)) as Defined<T>;
}
