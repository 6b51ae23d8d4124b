// Learning rates by group: the parameters of one first name (`vision`, `text`, `decoder`) learn at a rate of their own.
import { HybridmedError } from '@hybridmed/tensor';
import type { ParameterSpecs } from '../parameters.ts';

const groupOf = (name: string): string => name.split('.', 1)[0]!;

/**
 * The specs with the learning-rate factor of each one's group, on top of what it has. Groups in `absent` may be missing from the specs; any
 * other group that is throws a HybridmedError which lists those that there are.
 */
export function groupRates(specs: ParameterSpecs, factors: Readonly<Record<string, number>>, absent: readonly string[] = []): ParameterSpecs {
  const given = new Map(Object.entries(factors));
  if (given.size === 0) return specs;
  const groups = [...new Set(Object.keys(specs).map(groupOf))];
  const unknown = [...given.keys()].find((group) => !groups.includes(group) && !absent.includes(group));
  if (unknown !== undefined) throw new HybridmedError(`learning rates: the model has no group "${unknown}"; its groups are ${groups.join(', ')}`);
  return Object.fromEntries(
    Object.entries(specs).map(([name, spec]) => {
      const factor = given.get(groupOf(name));
      return [name, factor === undefined ? spec : { ...spec, rate: (spec.rate ?? 1) * factor }];
    }),
  );
}
