// Which further columns of a table are labels: those that hold nothing but 0, 1 and blanks, and not only blanks.

/** Collects a table's further cells row by row. */
export interface LabelColumns {
  add(names: readonly string[], values: readonly string[]): void;
  /** Which columns are labels, and the labels of a row: those it gives. */
  finish(): { readonly names: readonly string[]; of(row: number): Record<string, 0 | 1> };
}

const valueOf: Readonly<Record<string, number>> = { '': -1, '0': 0, '1': 1, '0.0': 0, '1.0': 1 };

/** Makes a collector. */
export function labelColumns(): LabelColumns {
  const columns = new Map<string, { values: number[]; isLabel: boolean; given: boolean }>();
  return {
    add(names, values) {
      names.forEach((name, i) => {
        const column = columns.get(name) ?? { values: [], isLabel: true, given: false };
        columns.set(name, column);
        if (!column.isLabel) return;
        const value = valueOf[values[i]!.trim()];
        if (value === undefined) {
          column.isLabel = false;
          column.values = [];
        } else {
          column.values.push(value);
          column.given ||= value >= 0;
        }
      });
    },
    finish() {
      const labels = [...columns].filter(([, { isLabel, given }]) => isLabel && given);
      return {
        names: labels.map(([name]) => name),
        of: (row) => Object.fromEntries(labels.flatMap(([name, { values }]) => (values[row]! >= 0 ? [[name, values[row] as 0 | 1]] : []))),
      };
    },
  };
}
