// Names that published tables and annotation files give the parts of a data set.
import type { Split } from '../study.ts';

const names: Readonly<Record<string, Split>> = {
  train: 'train',
  training: 'train',
  validate: 'validate',
  validation: 'validate',
  valid: 'validate',
  val: 'validate',
  dev: 'validate',
  test: 'test',
  testing: 'test',
};

/** The part of that name, whatever its case, or undefined. */
export function splitNamed(name: string): Split | undefined {
  const key = name.trim().toLowerCase();
  return Object.hasOwn(names, key) ? names[key] : undefined;
}
