// Reading the parts of a tokenizer.json: what is not computed as Hugging Face's tokenizers compute it is refused by its name.
import { HybridmedError } from '@hybridmed/tensor';

/** A part of the document: an object with a type. */
export type Part = Readonly<Record<string, unknown>> & { readonly type?: unknown };

/** Throws one line that names a setting which is not honoured. */
export function refuse(setting: string, honoured: string): never {
  throw new HybridmedError(`tokenizer: ${setting} is not honoured (${honoured}); give the tokenizer.json of a BERT without it`);
}

/** A part as an object. Throws where it is none. */
export function asPart(value: unknown, name: string): Part {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new HybridmedError(`tokenizer: "${name}" is no object; give the tokenizer.json of a BERT`);
  return value as Part;
}

/** The parts of a sequence. Throws where they are no list. */
export function partsOf(value: unknown, name: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new HybridmedError(`tokenizer: "${name}" is no list; give the tokenizer.json of a BERT`);
  return value;
}

/** A boolean setting, or its default where it is left out or null. Throws for another value. */
export function flag(part: Part, key: string, byDefault: boolean): boolean {
  const value = part[key] ?? byDefault;
  if (typeof value !== 'boolean')
    throw new HybridmedError(`tokenizer: "${key}" is ${JSON.stringify(value)}, not true or false; give the tokenizer.json of a BERT`);
  return value;
}

/** A text to look for, from `{ "String": text }`: expressions are another dialect than JavaScript's and refused. */
export function literal(part: Part): string {
  const pattern = part['pattern'];
  const text = typeof pattern === 'string' ? pattern : (pattern as { String?: unknown } | null | undefined)?.String;
  if (typeof text !== 'string' || text === '') refuse(`${JSON.stringify(part.type)} with a pattern that is no "String"`, 'plain texts are');
  return text;
}
