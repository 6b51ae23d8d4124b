// What a result says of the machine it was measured on, and where results are kept.
import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';

/** Writes a suite's document, with the date and the processor, to results/NAME.json. */
export async function saveResult(name: string, document: object): Promise<void> {
  const machine = { date: new Date().toISOString().slice(0, 10), processor: cpus()[0]?.model.trim() ?? 'unknown', cores: cpus().length, node: process.version };
  await writeFile(new URL(`results/${name}.json`, import.meta.url), `${JSON.stringify({ ...machine, ...document }, undefined, 2)}\n`);
}
