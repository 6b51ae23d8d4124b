// Files as strangers may send them: valid ones with random changes, each of which must be read, or refused in one line, soon and in little memory.
import { writeFileSync } from 'node:fs';
import { DataError } from '@hybridmed/data';
import { HybridmedError, mix32 } from '@hybridmed/tensor';
import { expect } from 'vitest';

/** So many of each format: 40, or as many as HYBRIDMED_MUTATIONS says. */
export const mutationCount = Number(process.env['HYBRIDMED_MUTATIONS'] ?? 40);

const values: readonly unknown[] = [-1, 0, 1, 1.5, 7, 1e7, 2 ** 53, 1e308, null, true, '', 'x', '../../x', 'x'.repeat(1e5), [], [1, 2], {}, { markup: '<b>' }, '\u001b[31m']; // prettier-ignore
const words = ['"', '{"', '}]', ',', '\0', 'null', '1e999', '[[[[', '\\u0000', '\u00ff', '__proto__', '\n'].map((word) => Buffer.from(word, 'latin1'));

/** Changes one value of a JSON document, at any depth, or removes or renames it. */
function withChange(document: unknown, draw: (below: number) => number): unknown {
  const copy: unknown = structuredClone(document);
  const places: [holder: Record<string, unknown>, key: string][] = [];
  const collect = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const key of Object.keys(value)) {
      places.push([value as Record<string, unknown>, key]);
      collect((value as Record<string, unknown>)[key]);
    }
  };
  collect(copy);
  const [holder, key] = places[draw(places.length)]!;
  const kind = draw(10);
  if (kind > 1) holder[key] = values[draw(values.length)];
  else {
    if (kind === 1) holder[`${key}x`] = holder[key];
    delete holder[key];
  }
  return copy;
}

/** Changes bytes: a few flipped, a stretch cut, repeated, or something put in. */
function withBytes(content: Buffer, draw: (below: number) => number): Buffer {
  const [a, b] = [draw(content.length), draw(content.length)].toSorted((x, y) => x - y) as [number, number];
  const kind = draw(4);
  if (kind === 0) return Buffer.concat([content.subarray(0, a), content.subarray(b)]);
  if (kind === 1) return Buffer.concat([content.subarray(0, b), content.subarray(a)]);
  if (kind === 2) return Buffer.concat([content.subarray(0, a), words[draw(words.length)]!, content.subarray(a)]);
  const copy = Buffer.from(content);
  for (let i = 0; i <= draw(4); i++) copy[draw(2) === 0 ? draw(Math.min(256, copy.length)) : draw(copy.length)] = draw(256);
  return copy;
}

/** Runs what reads a strange file: it ends within two seconds of processor time, adds at most `mebibytes`, and throws errors of one line alone. */
export async function withinBounds(work: () => unknown, mebibytes = 100): Promise<void> {
  const [memory, started] = [process.memoryUsage.rss(), process.cpuUsage()];
  let message = '';
  try {
    await work();
  } catch (error) {
    if (!(error instanceof HybridmedError || error instanceof DataError)) throw error;
    ({ message } = error);
    expect(message).toMatch(/^[^\n\r]+$/);
  }
  const { user, system } = process.cpuUsage(started);
  expect((user + system) / 1e6, `seconds: ${message}`).toBeLessThan(2);
  expect((process.memoryUsage.rss() - memory) / 2 ** 20, `MiB: ${message}`).toBeLessThan(mebibytes);
}

/**
 * Writes mutations of a file in its place and reads each: in two seconds of processor time and 100 MiB it must be read, or refused in one
 * line that names the file. The file is as it was afterwards.
 */
export async function holdsWhenMutated(file: string, content: Buffer, read: () => Promise<unknown>): Promise<void> {
  const document: unknown = file.endsWith('.json') ? JSON.parse(content.toString()) : undefined;
  for (let i = 0; i < mutationCount; i++) {
    let draws = 0;
    const draw = (below: number): number => mix32(mix32(i) ^ mix32(++draws + 1e6)) % Math.max(1, below);
    const changed = document !== undefined && draw(2) === 0 ? Buffer.from(JSON.stringify(withChange(document, draw))) : withBytes(content, draw);
    writeFileSync(file, changed);
    const [memory, started] = [process.memoryUsage().rss, process.cpuUsage()];
    let message = '';
    try {
      await read();
    } catch (error) {
      expect(error instanceof HybridmedError || error instanceof DataError, `mutation ${i}: ${(error as Error).stack}`).toBe(true);
      ({ message } = error as Error);
      expect(message, `mutation ${i}`).toContain(file);
    }
    const { user, system } = process.cpuUsage(started);
    expect(message, `mutation ${i}`).not.toMatch(/[\n\r]/);
    expect(message.length, `mutation ${i}: ${message}`).toBeLessThan(2000);
    expect((user + system) / 1e6, `seconds of mutation ${i}: ${message}`).toBeLessThan(2);
    expect((process.memoryUsage().rss - memory) / 2 ** 20, `MiB of mutation ${i}: ${message}`).toBeLessThan(100);
  }
  writeFileSync(file, content);
}
