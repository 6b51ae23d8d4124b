// The labels of samples that others wrote: each sample's JSON may name some, and what the names of all of them hold decides, as in a table.
import { DataError } from '@hybridmed/images/errors';
import { LabelColumns } from '../sources/label-columns.ts';
import type { SelectOptions, Study } from '../study.ts';

// A set has tens of labels; each name takes a value of every sample.
const maxNames = 1000;

// What nests deeply exhausts the stack of whoever writes it.
const cellOf = (value: unknown): string => (Array.isArray(value) ? '[...]' : typeof value === 'object' && value !== null ? '{...}' : String(value));

/** Collects the `labels` of samples in their order. */
export class SampleLabels {
  readonly #columns = new LabelColumns('sample');
  readonly #places = new Map<string, number>();
  #names: string[] = [];
  #other = { count: 0, first: '' };

  /** Adds a sample's `labels`. Throws a DataError where the samples name too many. */
  add(labels: unknown, archive: string, key: string): void {
    const named = typeof labels === 'object' && labels !== null && !Array.isArray(labels);
    if (!named && labels !== undefined && labels !== null) {
      this.#other.first ||= `sample ${key} of ${archive} holds ${cellOf(labels).slice(0, 40)}`;
      this.#other.count++;
    }
    const cells: string[] = [];
    for (const [name, value] of named ? Object.entries(labels) : []) {
      if (!this.#places.has(name)) this.#places.set(name, this.#names.push(name) - 1);
      if (this.#names.length > maxNames) throw new DataError(`${archive}: its samples name more than ${maxNames} labels; make or fetch the shards again`);
      cells[this.#places.get(name)!] = cellOf(value);
    }
    this.#columns.add(
      this.#names,
      Array.from(this.#names, (_, i) => cells[i] ?? ''),
      `${key} of ${archive}`,
    );
  }

  /** The studies with their labels, where there are any, and what is odd in them. */
  finish(
    studies: readonly Study[],
    options: Pick<SelectOptions, 'uncertain' | 'unmentioned'>,
  ): { readonly studies: readonly Study[]; readonly labelled: boolean; readonly warnings: readonly string[] } {
    // prettier-ignore
    const { names, of, warnings } = this.#columns.finish(options);
    const { count, first } = this.#other;
    const other = count === 0 ? [] : [`"labels" of ${count} samples hold no names with values and are left out (${first})`];
    const labelled = names.length > 0;
    return { studies: labelled ? studies.map((study, row) => ({ ...study, ...of(row) })) : studies, labelled, warnings: [...warnings, ...other] };
  }
}
