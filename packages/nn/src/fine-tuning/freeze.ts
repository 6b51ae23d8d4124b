// Freezing: parameters that training leaves as they are, chosen by name.
import type { ParameterSpecs } from '../parameters.ts';
import { checkPatterns, matcher } from './patterns.ts';

/**
 * The specs with every parameter frozen whose name a pattern matches (`*` stands for any characters): it has no gradient and no
 * moments, and a batch norm with frozen statistics uses them in training too. Throws a HybridmedError for a pattern that matches nothing.
 */
export function freeze(specs: ParameterSpecs, patterns: readonly string[]): ParameterSpecs {
  checkPatterns('freeze', patterns, Object.keys(specs), 'parameter');
  const frozen = matcher(patterns);
  return Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, frozen(name) ? { ...spec, frozen: true } : spec]));
}

/** Names of the parameters that training changes by gradient: neither frozen nor buffers. */
export function trainedNames(specs: ParameterSpecs): string[] {
  return Object.keys(specs).filter((name) => !specs[name]!.frozen && !specs[name]!.buffer);
}
