// Examples of commands as lines for a shell, what they are for behind them.

/** The lines; notes begin in one column where the lines are short enough. */
export function exampleLines(examples: Readonly<Record<string, string>>, column = 0): string[] {
  return Object.entries(examples).map(([line, note]) => {
    const written = `npx hybridmed ${line}`;
    return note === '' ? written : `${written.padEnd(column)}  # ${note}`;
  });
}
