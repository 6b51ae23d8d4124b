// Captures what a command prints.
import { main } from '../../src/cli/main.ts';

/** What a command printed and how it ended. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly log: string;
}

/** Runs a command in this process. */
export async function run(...args: string[]): Promise<Ran> {
  let [out, log] = ['', ''];
  const code = await main(args, { result: (text) => void (out += text), log: (line) => void (log += `${line}\n`) });
  return { code, out, log };
}
