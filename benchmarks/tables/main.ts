// The tables suite: how long MIMIC-CXR-JPG's tables take to be indexed, and an index to be opened, each in a process of its own.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { saveResult } from '../results.ts';
import { writeTables } from './write.ts';

const usage = `usage: node benchmarks/run.mjs tables [options]        (after npm run build)

  --images N    rows of the metadata table (default: 377,110, as published)
  --runs N      times each is measured; the median counts (default: 3)
  --json        one JSON document and nothing else
  --save        save the document in benchmarks/results
`;

const commandLine = fileURLToPath(new URL('../../packages/hybridmed/bin/hybridmed.js', import.meta.url));

interface Indexed {
  readonly rows: number;
  readonly reused: boolean;
  readonly seconds: number;
  readonly residentMegabytes: number;
}

async function index(folder: string, place: string): Promise<Indexed> {
  const { stdout } = await promisify(execFile)(process.execPath, [commandLine, 'data', 'index', `mimic:${folder}`, '--index', place, '--json']);
  return JSON.parse(stdout) as Indexed;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

function summary(runs: readonly Indexed[]): { seconds: number; residentMiB: number } {
  return {
    seconds: Number(median(runs.map(({ seconds }) => seconds)).toFixed(3)),
    residentMiB: Math.max(...runs.map(({ residentMegabytes }) => residentMegabytes)),
  };
}

async function measure(images: number, runs: number): Promise<object> {
  const folder = mkdtempSync(join(tmpdir(), 'hybridmed-tables-'));
  const results: Record<string, object> = {};
  try {
    for (const [name, options] of Object.entries({
      csv: { gzip: false, texts: false },
      gzipped: { gzip: true, texts: false },
      'with sections': { gzip: false, texts: true },
    })) {
      const set = join(folder, name.replace(' ', '-'));
      await writeTables(set, { images, ...options });
      const [built, opened]: [Indexed[], Indexed[]] = [[], []];
      for (let run = 0; run < runs; run++) {
        const place = join(folder, 'index');
        built.push(await index(set, place));
        opened.push(await index(set, place));
        rmSync(place, { recursive: true, force: true });
      }
      if (built.some(({ reused, rows }) => reused || rows !== images) || opened.some(({ reused }) => !reused))
        throw new Error(`${name}: the index was not built or not used`);
      results[name] = { indexed: summary(built), opened: summary(opened) };
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { images, ...results };
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    args: process.argv.slice(2),
    options: { images: { type: 'string' }, runs: { type: 'string' }, json: { type: 'boolean' }, save: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const [images, runs] = [Number(values.images ?? 377_110), Number(values.runs ?? 3)];
  if (!Number.isSafeInteger(images) || images < 20_000 || !Number.isSafeInteger(runs) || runs < 1) {
    process.stderr.write(`--images needs a whole number from 20,000 on, --runs one from 1 on\n${usage}`);
    return 2;
  }
  const document = await measure(images, runs);
  if (values.save) await saveResult('tables', document);
  process.stdout.write(values.json ? `${JSON.stringify(document)}\n` : `${JSON.stringify(document, undefined, 2)}\n`);
  return 0;
}

process.exitCode = await main();
