// A command's output: results on standard output, progress and logs on standard error.

/** The two streams of a command, and the exit code it may set without failing. */
export interface Output {
  /** Writes a result as it is. */
  result(text: string): void;
  /** Writes a line for people. */
  log(line: string): void;
  /** Set by a command whose result is one JSON document: then so is its failure. */
  json?: boolean;
  /** Set by a command that did its work and whose answer is no. */
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

// Control characters of the terminal, and those that change the writing direction; not line breaks and tabs, which the output itself has.
// oxlint-disable-next-line no-control-regex -- these are what is replaced.
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** A text with control characters escaped as in JSON: results quote untrusted files, which must not control the terminal. */
export const visible = (text: string): string => text.replace(controls, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** The same streams, with control characters escaped. */
export const visibleOutput = (output: Output): Output => ({
  result: (text) => output.result(visible(text)),
  log: (line) => output.log(visible(line)),
});

/** Prints one JSON document. */
export function printJson(output: Output, value: unknown): void {
  output.result(`${JSON.stringify(value, undefined, 2)}\n`);
}

/** Prints a result: one JSON document with `--json`, else the text that `format` makes of it. */
export function printResult<T>(output: Output, { json }: { readonly json: boolean }, value: T, format: (value: T) => string): void {
  if (json) printJson(output, value);
  else output.result(format(value));
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
