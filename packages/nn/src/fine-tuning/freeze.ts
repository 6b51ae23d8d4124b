// Freezing: parameters that training leaves as they are, chosen by name.
import type { ParameterSpec, ParameterSpecs } from '../parameters.ts';
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

/** Names of running statistics: buffers of a batch norm. */
const isStatistic = (name: string, { buffer }: ParameterSpec): boolean => (buffer ?? false) && /(?:^|\.)running_(?:mean|var)$/.test(name);

/**
 * The specs with those batch norms' running statistics frozen that a pattern matches (`vision.*`): training normalizes by them and leaves
 * them as they are, while weights and biases train. Throws a HybridmedError for a pattern that matches none.
 */
export function freezeStatistics(specs: ParameterSpecs, patterns: readonly string[]): ParameterSpecs {
  if (patterns.length === 0) return specs;
  const names = Object.keys(specs).filter((name) => isStatistic(name, specs[name]!));
  checkPatterns('freezing statistics', patterns, names, 'running statistic of a batch norm');
  const frozen = matcher(patterns);
  return Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, isStatistic(name, spec) && frozen(name) ? { ...spec, frozen: true } : spec]));
}

/** Names of the parameters that training changes by gradient: neither frozen nor buffers. */
export function trainedNames(specs: ParameterSpecs): string[] {
  return Object.keys(specs).filter((name) => !specs[name]!.frozen && !specs[name]!.buffer);
}
