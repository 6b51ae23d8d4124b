// The fourteen labels of CheXpert's labeller and what happens to their uncertain and blank values [Irvin et al., AAAI 2019].
import type { SelectOptions, UncertainPolicy } from './study.ts';

/** The fourteen labels in their published order. */
export const chexpertLabels = [
  'No Finding',
  'Enlarged Cardiomediastinum',
  'Cardiomegaly',
  'Lung Opacity',
  'Lung Lesion',
  'Edema',
  'Consolidation',
  'Pneumonia',
  'Atelectasis',
  'Pneumothorax',
  'Pleural Effusion',
  'Pleural Other',
  'Fracture',
  'Support Devices',
] as const;

/** The five that the competition and the field's benchmarks judge. */
export const chexpertFive = ['Atelectasis', 'Cardiomegaly', 'Consolidation', 'Edema', 'Pleural Effusion'] as const;

const protocol: Readonly<Record<string, UncertainPolicy>> = {
  Atelectasis: 'ones',
  Edema: 'ones',
  'Pleural Effusion': 'ones',
  Cardiomegaly: 'zeros',
  Consolidation: 'zeros',
};

/** Labels of a row: as published, and after the policy. */
export interface LabelValues {
  readonly labels: Readonly<Record<string, 0 | 1>>;
  readonly publishedLabels: Readonly<Record<string, number>>;
}

/** A published value by number: 1, 0, -1, and 2 for a blank. */
export type PublishedLabel = -1 | 0 | 1 | 2;

const spelt = new Map<string, PublishedLabel>([
  ['true', 1],
  ['false', 0],
  ...['', 'nan', 'na', 'n/a', '<na>', 'null', 'none'].map((blank) => [blank, 2] as const),
]);

/** The value of a table's cell, however its number is written; undefined for one that is no label. */
export function labelValue(cell: string): PublishedLabel | undefined {
  if (cell === '') return 2;
  const value = Number(cell);
  if (value === 1 || value === -1) return value;
  return value === 0 && cell.trim() !== '' ? 0 : spelt.get(cell.trim().toLowerCase());
}

/** Reads the labels of a published table: a cell that is none is a blank, and is said. */
export class LabelCells {
  readonly #file: string;
  readonly #odd = new Map<string, { count: number; readonly first: string }>();

  constructor(file: string) {
    this.#file = file;
  }

  read(cell: string, name: string, place: string): PublishedLabel {
    const value = labelValue(cell);
    if (value !== undefined) return value;
    const known = this.#odd.get(name);
    if (known) known.count++;
    else this.#odd.set(name, { count: 1, first: `${place} holds ${JSON.stringify(cell.slice(0, 40))}` });
    return 2;
  }

  /** A line for each label with cells that are none. */
  warnings(): string[] {
    return [...this.#odd].map(
      ([name, { count, first }]) => `${this.#file}: cells of ${name} that are neither 1, 0, -1 nor blank count as blank: ${count} (${first})`,
    );
  }
}

/** Makes a function from a row of published values, `names` saying which label each is. Rows that are equal share their objects. */
export function labelPolicy(
  names: readonly string[],
  { uncertain = protocol, unmentioned = 'ignore' }: Pick<SelectOptions, 'uncertain' | 'unmentioned'>,
): (values: ArrayLike<number>) => LabelValues {
  const known = new Map<number, LabelValues>();
  const policies = names.map((name): UncertainPolicy => (typeof uncertain === 'string' ? uncertain : (uncertain[name] ?? 'ignore')));
  return (values) => {
    // Two bits a label: exact for up to 26 of them, others are made anew.
    let key = 0;
    for (let i = 0; i < names.length; i++) key = 4 * key + values[i]! + 1;
    const before = names.length > 26 ? undefined : known.get(key);
    if (before) return before;
    const labels: Record<string, 0 | 1> = {};
    const raw: Record<string, number> = {};
    names.forEach((name, i) => {
      const value = values[i] as PublishedLabel;
      if (value !== 2) raw[name] = value;
      if (value === 0 || value === 1) labels[name] = value;
      else if (value === 2 && unmentioned === 'zeros') labels[name] = 0;
      else if (value === -1 && policies[i] !== 'ignore') labels[name] = policies[i] === 'ones' ? 1 : 0;
    });
    const result = { labels, publishedLabels: raw };
    known.set(key, result);
    return result;
  };
}
