// Which further columns of a table, or named values of samples, are labels: those with a name that hold nothing but 1, 0, -1 and blanks, and not
// only blanks.
import type { LabelValues, PublishedLabel } from '../chexpert-labels.ts';
import { labelPolicy, labelValue } from '../chexpert-labels.ts';
import type { SelectOptions } from '../study.ts';

interface Column {
  readonly name: string;
  values: PublishedLabel[];
  /** Cells that are 1, 0 or -1; how many of them are 1 or 0; and cells of another kind, the first with its row. */
  given: number;
  sure: number;
  odd: number;
  first?: string;
}

const blanks = (count: number): PublishedLabel[] => Array.from({ length: count }, () => 2 as const);

/** Collects a table's further cells row by row; `place` says what a row is called. */
export class LabelColumns {
  readonly #place: string;
  readonly #columns: Column[] = [];
  #rows = 0;

  constructor(place = 'row') {
    this.#place = place;
  }

  /** Adds a row. Later rows may have further names behind those before: the rows before are blank there. */
  add(names: readonly string[], values: readonly string[], row: number | string): void {
    const columns = this.#columns;
    for (let i = columns.length; i < names.length; i++) columns.push({ name: names[i]!, values: blanks(this.#rows), given: 0, sure: 0, odd: 0 });
    this.#rows++;
    columns.forEach((column, i) => {
      const value = labelValue(values[i]!);
      if (value === undefined) {
        column.first ??= `${this.#place} ${row} holds ${JSON.stringify(values[i]!.slice(0, 40))}`;
        column.odd++;
        column.values = [];
        return;
      }
      if (value !== 2) column.given++;
      if (value === 0 || value === 1) column.sure++;
      if (column.odd === 0) column.values.push(value);
    });
  }

  /** Which columns are labels, the labels of a row, and of columns that nearly are the first cell that is none. */
  finish(options: Pick<SelectOptions, 'uncertain' | 'unmentioned'>): {
    readonly names: readonly string[];
    of(row: number): LabelValues;
    readonly warnings: readonly string[];
  } {
    // The index that pandas writes has no name, or this one once it was read again.
    const named = this.#columns.filter(({ name }, i, all) => !/^(?:unnamed: [\d.]+)?$/i.test(name) && all.findIndex((other) => other.name === name) === i);
    const labels = named.filter(({ odd, sure }) => odd === 0 && sure > 0);
    const names = labels.map(({ name }) => name);
    const policy = labelPolicy(names, options);
    // In a table of a few rows one or two odd cells are more than one in ten.
    const nearly = named.filter(({ given, odd }) => odd > 0 && (given >= 9 * odd || (odd <= 2 && given > odd)));
    return {
      names,
      of: (row) => policy(labels.map(({ values }) => values[row]!)),
      warnings: nearly.map(
        ({ name, given, odd, first }) =>
          `column ${JSON.stringify(name)} is no label: ${first}, and ${given} of ${given + odd} cells 1, 0 or -1; mend the cell or leave it blank`,
      ),
    };
  }
}
