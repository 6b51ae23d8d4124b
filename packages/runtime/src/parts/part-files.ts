// The folder of a job's parts: a file of each, written whole or not at all, and read once all are there and alike.
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describeError, fileError, writeFileAtomic } from '../files.ts';
import { version } from '../version.ts';
import type { PartEntry } from './encode-entry.ts';
import { decodeEntry, encodeEntry } from './encode-entry.ts';
import type { Part } from './part.ts';

/** What all parts of a job share: settings, and what their inputs are known by. Plain JSON. */
export type PartFacts = Readonly<Record<string, unknown>>;

/** A job whose parts are written. */
export interface PartJob {
  /** The command's words: `data check`. */
  readonly command: string;
  readonly facts: PartFacts;
}

const format = 'hybridmed-part';

interface Header extends PartJob {
  readonly format: typeof format;
  readonly version: string;
  readonly part: number;
  readonly parts: number;
}

const nameOf = ({ index, count }: Part): string => `part-${index + 1}-of-${count}.jsonl`;

/** Writes a part, over what an earlier run of it left, and gives the file. `entries` follow one another in the lists' order. Throws one line. */
export async function writePart(folder: string, part: Part, job: PartJob, entries: Iterable<PartEntry> | AsyncIterable<PartEntry>): Promise<string> {
  const file = join(folder, nameOf(part));
  async function* lines(): AsyncGenerator<string> {
    const header: Header = { format, version: version(), part: part.index + 1, parts: part.count, ...job };
    yield `${JSON.stringify(header)}\n`;
    let count = 0;
    for await (const entry of entries) {
      yield encodeEntry(entry);
      count++;
    }
    yield `${JSON.stringify({ entries: count })}\n`;
  }
  await writeFileAtomic(file, lines());
  return file;
}

/** All parts of a job. */
export interface Parts extends PartJob {
  readonly count: number;
  /** The entries of all parts, in order. Throws one line that names a damaged file. */
  entries(): AsyncGenerator<PartEntry>;
}

const again = 'run this part again';

async function* linesOf(file: string): AsyncGenerator<string> {
  const stream = createReadStream(file);
  try {
    // A stream's error does not reach the lines.
    const failed = new Promise<never>((_, reject) => stream.on('error', reject));
    failed.catch(() => undefined);
    const lines = createInterface({ input: stream, crlfDelay: Infinity })[Symbol.asyncIterator]();
    for (let next = await Promise.race([lines.next(), failed]); !next.done; next = await Promise.race([lines.next(), failed])) yield next.value;
  } catch (error) {
    throw describeError(file, error);
  } finally {
    stream.destroy();
  }
}

async function headerOf(file: string, { index, count }: Part): Promise<Header> {
  for await (const line of linesOf(file)) {
    let header: Header | undefined;
    try {
      header = JSON.parse(line) as Header;
    } catch {
      break;
    }
    if (header?.format !== format || typeof header.command !== 'string' || typeof header.facts !== 'object' || header.facts === null) break;
    if (header.part !== index + 1 || header.parts !== count) throw fileError(file, `holds part ${header.part} of ${header.parts}`, 'give it its name back');
    return header;
  }
  throw fileError(file, 'is no part that this program wrote', again);
}

async function* entriesOf(file: string): AsyncGenerator<PartEntry> {
  let [number, ended] = [0, false];
  for await (const line of linesOf(file)) {
    if (++number === 1) continue;
    if (ended) throw fileError(file, `goes on after its end, at line ${number}`, again);
    if (line.startsWith('{')) {
      if (line !== JSON.stringify({ entries: number - 2 })) throw fileError(file, `has ${number - 2} entries, not those that its end counts`, again);
      ended = true;
      continue;
    }
    let entry: PartEntry;
    try {
      entry = decodeEntry(line);
    } catch (error) {
      throw fileError(file, `line ${number} is damaged (${(error as Error).message.split('\n')[0]})`, again);
    }
    yield entry;
  }
  if (!ended) throw fileError(file, 'is cut off', again);
}

/** The parts' numbers that a folder holds, and of how many. Throws one line where it holds none, or those of two jobs. */
async function partsIn(folder: string): Promise<{ readonly count: number; readonly numbers: ReadonlySet<number> }> {
  const names = await readdir(folder).catch((error: unknown) => Promise.reject(describeError(folder, error)));
  const parts = names.flatMap((name) => {
    const [, number, count] = /^part-([1-9]\d{0,8})-of-([1-9]\d{0,8})\.jsonl$/.exec(name) ?? [];
    return number === undefined ? [] : [{ number: Number(number), count: Number(count) }];
  });
  if (parts.length === 0) throw fileError(folder, 'holds no parts', 'name the folder that a command wrote with --parts');
  const counts = [...new Set(parts.map(({ count }) => count))].toSorted((a, b) => a - b);
  if (counts.length > 1) throw fileError(folder, `holds parts of ${counts.join(' and of ')}`, 'remove those that are not of this job');
  return { count: counts[0]!, numbers: new Set(parts.map(({ number }) => number)) };
}

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'none';
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
};

function checkAlike(folder: string, first: Header, header: Header): void {
  const factsOf = ({ command, version: own, facts }: Header): PartFacts => ({ command, version: own, ...facts });
  const [reference, own] = [factsOf(first), factsOf(header)];
  const name = [...new Set([...Object.keys(reference), ...Object.keys(own)])].find((key) => JSON.stringify(own[key]) !== JSON.stringify(reference[key]));
  if (name === undefined) return;
  throw fileError(
    folder,
    `part ${header.part} has ${name} ${shown(own[name])}, part ${first.part} has ${shown(reference[name])}`,
    'run all parts with the same options, data and version',
  );
}

/** Opens a folder of parts. Throws one line for parts that are missing, by number, and for those that are not of one job. */
export async function openParts(folder: string): Promise<Parts> {
  const { count, numbers } = await partsIn(folder);
  const missing: number[] = [];
  for (let number = 1; number <= count && missing.length <= 10; number++) if (!numbers.has(number)) missing.push(number);
  if (missing.length > 0) {
    const listed = missing.length > 10 ? `${missing.slice(0, 10).join(', ')} and more` : missing.join(', ');
    throw fileError(
      folder,
      `${missing.length > 1 ? 'parts' : 'part'} ${listed} of ${count} ${missing.length > 1 ? 'are' : 'is'} missing`,
      `run the command again with --part ${missing[0]}/${count}`,
    );
  }
  const files = Array.from({ length: count }, (_, index) => join(folder, nameOf({ index, count })));
  let first: Header | undefined;
  for (const [index, file] of files.entries()) {
    const header = await headerOf(file, { index, count });
    first ??= header;
    checkAlike(folder, first, header);
  }
  if (first!.version !== version())
    throw fileError(folder, `its parts were written by version ${first!.version}, this is ${version()}`, 'merge them with the version that wrote them');
  return {
    command: first!.command,
    facts: first!.facts,
    count,
    async *entries() {
      for (const file of files) yield* entriesOf(file);
    },
  };
}

/** Lists by name, each in the order of the parts. */
export async function readLists(parts: Parts): Promise<Readonly<Record<string, readonly unknown[]>>> {
  const lists: Record<string, unknown[]> = Object.create(null) as Record<string, unknown[]>;
  for await (const { list, value } of parts.entries()) (lists[list] ??= []).push(value);
  return lists;
}
