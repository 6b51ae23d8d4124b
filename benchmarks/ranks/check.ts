// A row of the table of `npm run check:ranks`: what is checked, the bar, and how it is found out.

/** What a check found. */
export interface Finding {
  readonly ok: boolean;
  /** What was measured, in words and numbers. */
  readonly measured: string;
}

/** A check. It is given an empty folder of its own. */
export interface RanksCheck {
  /** Its name on the command line. */
  readonly name: string;
  readonly check: string;
  readonly bar: string;
  run(folder: string): Promise<Finding>;
}

/** A finding of several conditions: all must hold; those that do not are said. */
export function findingOf(conditions: Readonly<Record<string, boolean>>, measured: string): Finding {
  const failed = Object.entries(conditions).flatMap(([name, holds]) => (holds ? [] : [name]));
  return { ok: failed.length === 0, measured: failed.length === 0 ? measured : `${measured}; not so: ${failed.join(', ')}` };
}
