// Names by pattern: `*` stands for any characters, as in `vision.blocks.*`.
import { HybridmedError } from '@hybridmed/tensor';

/** A test whether any of the patterns matches a whole name. */
export function matcher(patterns: readonly string[]): (name: string) => boolean {
  const expressions = patterns.map((pattern) => new RegExp(`^${pattern.split('*').map(escape).join('.*')}$`));
  return (name) => expressions.some((expression) => expression.test(name));
}

const escape = (text: string): string => text.replace(/[\\^$.|?+()[\]{}]/g, '\\$&');

/** Throws a HybridmedError that names the first pattern which matches none of the names, with some of them to choose from. */
export function checkPatterns(what: string, patterns: readonly string[], names: readonly string[], kind: string): void {
  for (const pattern of patterns) {
    if (!names.some(matcher([pattern])))
      throw new HybridmedError(`${what}: "${pattern}" matches no ${kind}; ${names.length === 0 ? 'there are none' : `they are called ${examples(names)}`}`);
  }
}

/** A few names from the whole range. */
function examples(names: readonly string[]): string {
  const step = Math.max(1, Math.floor(names.length / 3));
  return names
    .filter((_, i) => i % step === 0)
    .slice(0, 3)
    .map((name) => `"${name}"`)
    .join(', ');
}
