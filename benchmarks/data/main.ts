// The data suite: studies per second and memory of this toolkit's loader, optionally compared with PyTorch's DataLoader on the same files.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openDataSet, packDataSet } from '@hybridmed/data';
import { saveResult } from '../results.ts';
import { makeFiles } from './make.ts';

const usage = `usage: node benchmarks/run.mjs data [options]

Batches of 32 crops of 224 pixels in three channels from squares of 256, two workers, images decoded in every epoch.

  --data SPEC       your own data set (default: generated radiographs of 1,024 pixels, as JPEG, as DICOM and as shards)
  --studies N       maximum number of studies (default 384)
  --epochs N        timed epochs, after a warm-up epoch (default 5)
  --workers N       worker threads, and the reference's worker processes (default 2)
  --pytorch PYTHON  run PyTorch's DataLoader too, with this interpreter (torch, numpy, pillow; pydicom for DICOM, webdataset for shards)
  --json            one JSON document and nothing else
  --save            save the document in benchmarks/results
`;

/** What is timed: a data set's studies, at most `limit` of them. */
interface LoaderCase {
  readonly spec: string;
  readonly limit: number;
  readonly resize: number;
  readonly crop: number;
  readonly channels: number;
  readonly batch: number;
  readonly workers: number;
  readonly epochs: number;
}

/** What was measured; memory is that of all processes, shared memory counted once. */
interface LoaderResult {
  readonly studies: number;
  readonly studiesPerSecond: number;
  readonly residentMiB: number;
}

interface CaseResult extends LoaderResult {
  pytorch?: LoaderResult;
  ratio?: number;
  memoryRatio?: number;
}

class UsageError extends Error {}

function read() {
  const options = {
    data: { type: 'string' },
    studies: { type: 'string', default: '384' },
    epochs: { type: 'string', default: '5' },
    workers: { type: 'string', default: '2' },
    pytorch: { type: 'string' },
    json: { type: 'boolean' },
    save: { type: 'boolean' },
    help: { type: 'boolean' },
  } as const;
  try {
    const { values } = parseArgs({ args: process.argv.slice(2), options });
    const count = (name: 'studies' | 'epochs' | 'workers', min: number): number => {
      const value = Number(values[name]);
      if (!Number.isInteger(value) || value < min) throw new UsageError(`--${name} needs a whole number of at least ${min}`);
      return value;
    };
    return { ...values, studies: count('studies', 64), epochs: count('epochs', 1), workers: count('workers', 0) };
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}`);
    return process.exit(2);
  }
}

/** Runs a process that prints a line of JSON. */
async function line(command: string, args: readonly string[]): Promise<LoaderResult> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' } });
  let [out, errors] = ['', ''];
  child.stdout.on('data', (chunk) => (out += String(chunk)));
  child.stderr.on('data', (chunk) => (errors += String(chunk)));
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  const last = out.trim().split('\n').at(-1) ?? '';
  if (code !== 0 || !last.startsWith('{')) throw new Error(`${command} ended with ${code}: ${errors.trim().split('\n').at(-1)}`);
  return JSON.parse(last) as LoaderResult;
}

/** The loader in a process of its own, as it is built. */
const own = (settings: LoaderCase): Promise<LoaderResult> =>
  line(process.execPath, [fileURLToPath(new URL('measure.mjs', import.meta.url)), JSON.stringify(settings)]);

/** The reference on the same images, or on the same shards. */
async function reference(python: string, settings: LoaderCase, folder: string): Promise<LoaderResult> {
  const { studies } = await openDataSet(settings.spec, { need: 'images', views: 'all' });
  const images = studies.slice(0, settings.limit).map(({ image }) => image);
  const shards = settings.spec.startsWith('shards:');
  const files = join(folder, 'files.json');
  await writeFile(files, JSON.stringify(shards ? [...new Set(images.map((image) => image.split('#')[0]))] : images));
  const script = fileURLToPath(new URL('pytorch_loader.py', import.meta.url));
  return line(python, [script, JSON.stringify({ ...settings, kind: shards ? 'shards' : 'files', files })]);
}

const round = (value: number): number => Number(value.toFixed(2));

async function measureCase(settings: LoaderCase, python: string | undefined, folder: string): Promise<CaseResult> {
  // The reference runs before and after; its faster run counts, and its smaller memory.
  const peers = python === undefined ? [] : [await reference(python, settings, folder)];
  const result = await own(settings);
  if (python === undefined) return result;
  peers.push(await reference(python, settings, folder));
  const pytorch = {
    studies: peers[0]!.studies,
    studiesPerSecond: Math.max(...peers.map((peer) => peer.studiesPerSecond)),
    residentMiB: Math.min(...peers.map((peer) => peer.residentMiB)),
  };
  return { ...result, pytorch, ratio: round(result.studiesPerSecond / pytorch.studiesPerSecond), memoryRatio: round(result.residentMiB / pytorch.residentMiB) };
}

async function pack(spec: string, folder: string, limit: number): Promise<string> {
  const data = await openDataSet(spec, { need: 'images', views: 'all' });
  const studies = data.studies.slice(0, limit).map((study) => ({ ...study, split: 'train' as const }));
  const out = join(folder, 'shards');
  await packDataSet({ ...data, studies }, out, { size: 256, studiesPerShard: 64, select: { need: 'images' }, workers: 2 });
  return `shards:${out}`;
}

async function main(): Promise<void> {
  const { data, studies: limit, epochs, workers, pytorch, json, save, help } = read();
  if (help) {
    process.stdout.write(usage);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'hybridmed-data-'));
  try {
    if (data === undefined) await makeFiles(folder, limit, 1024);
    const specs: Record<string, string> = data === undefined ? { jpeg: `csv:${folder}/jpeg.csv`, dicom: `csv:${folder}/dicom.csv` } : { files: data };
    const cases: Record<string, string> = { ...specs, shards: await pack(Object.values(specs)[0]!, folder, limit) };
    const sizes = { resize: 256, crop: 224, channels: 3, batch: 32, workers, epochs };
    const results: Record<string, CaseResult> = {};
    for (const [name, spec] of Object.entries(cases)) results[name] = await measureCase({ spec, limit, ...sizes }, pytorch, folder);
    const name = data === undefined ? 'phantom' : data.slice(0, data.indexOf(':'));
    const document = { data: name, ...sizes, cases: results };
    if (save) await saveResult(`data-${name}`, document);
    if (json) process.stdout.write(`${JSON.stringify(document)}\n`);
    else {
      for (const [kind, { studiesPerSecond, residentMiB, pytorch: peer, ratio, memoryRatio }] of Object.entries(results))
        process.stdout.write(
          `${kind}: ${studiesPerSecond} studies/s, ${residentMiB} MiB${peer ? `; PyTorch ${peer.studiesPerSecond} studies/s, ${peer.residentMiB} MiB; ${ratio} times as fast, ${memoryRatio} of the memory` : ''}\n`,
        );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
