// Attributes of ops by name. The file of an op's function adds it to this interface (one that `index.ts` exports from, so that declarations
// reach it); the op table must have a row for each key.

/** Of an op without attributes. */
export type None = Readonly<Record<never, never>>;

/** Attributes of every op, by name. */
export interface OpAttributes {
  input: { readonly name: string };
}

/** Names of all ops. */
export type OpName = keyof OpAttributes;
