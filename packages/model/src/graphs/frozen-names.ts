// Which parameters of an encoder training leaves as they are.
import type { ParameterSpecs } from '@hybridmed/nn';

/** Names of the parameters under a prefix, without it. */
export const namesUnder = (prefix: string, specs: ParameterSpecs): string[] =>
  Object.keys(specs).flatMap((name) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []));

/** Whether training leaves every one of these parameters under a prefix as it is: running statistics too, and no adapter beside them. */
export function areFrozen(prefix: string, names: readonly string[], specs: ParameterSpecs): boolean {
  const adapted = (name: string) => `${name.replace(/\.weight$/, '')}.lora.down` in specs;
  return names.every((name) => specs[prefix + name]?.frozen === true && !adapted(prefix + name));
}
