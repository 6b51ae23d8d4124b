// Where a command's words go: results to standard output, progress and logs to standard error.

/** The two streams of a command, and the exit code it may set without failing. */
export interface Output {
  /** Writes a result as it is. */
  result(text: string): void;
  /** Writes a line for people. */
  log(line: string): void;
  /** Set by a command whose work was done but whose answer is no. */
  exitCode?: number;
}

/** The streams of this process. */
export const processOutput: Output = {
  result: (text) => {
    process.stdout.write(text);
  },
  log: (line) => {
    process.stderr.write(`${line}\n`);
  },
};

/** Prints one JSON document. */
export function printJson(output: Output, value: unknown): void {
  output.result(`${JSON.stringify(value, undefined, 2)}\n`);
}

/** Rows as aligned columns: text left, numbers (strings of digits) right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
  const numeric = (cell: string) => /^[-+]?[\d.,]+(e[-+]\d+)?%?$/.test(cell);
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, i) => (numeric(cell) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
