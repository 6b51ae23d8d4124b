// The generation suite's command line: studies written per second and the latency of one image, beside PyTorch with a key/value cache.
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cpuDevice } from '@hybridmed/onnx';
import type { PresetName } from 'hybridmed';
import { presets } from 'hybridmed';
import { adapterNames, openAdapter } from '../harness/adapter.ts';
import { choice } from '../harness/options.ts';
import { adapterSlug, saveResult } from '../results.ts';
import type { GenerationCase, GenerationResult } from './measure.ts';
import { measureGeneration, openCase, searches } from './measure.ts';

const usage = `usage: node benchmarks/run.mjs generation [options]

Impressions of random images by an untrained preset, as many tokens each as the preset writes at most: greedy, beam of 4 and nucleus search.

  --preset P        a preset (default small)
  --device D        cpu (default), or an adapter: ${adapterNames.join(', ')}
  --studies N       studies of each search (default 600)
  --batch N         studies at once (default 32)
  --searches LIST   of ${Object.keys(searches).join(', ')} (default all)
  --threads N       threads of the CPU (default: the number of cores)
  --pytorch PYTHON  run the PyTorch reference with this interpreter, before and after; the faster of both counts
  --save            save the document in benchmarks/results
`;

const options = {
  preset: { type: 'string', default: 'small' },
  device: { type: 'string', default: 'cpu' },
  studies: { type: 'string', default: '600' },
  batch: { type: 'string', default: '32' },
  searches: { type: 'string', default: Object.keys(searches).join(',') },
  threads: { type: 'string', default: String(cpus().length) },
  pytorch: { type: 'string' },
  save: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

/** Runs the reference on the same case. Throws where it fails. */
function runPeer(python: string, what: GenerationCase, threads: number): GenerationResult {
  const { model, tokens, vocabularySize } = openCase(what);
  const { vision } = presets[what.preset];
  const { width, depth, heads, positions } = model.decoder.config;
  const { imageSize: image, patch, channels } = vision;
  const own = { image, patch, channels, width: vision.width, depth: vision.depth, heads: vision.heads };
  const text = JSON.stringify({ ...own, decoder: { width, depth, heads, positions }, vocabulary: vocabularySize, tokens, threads, ...what });
  const file = fileURLToPath(new URL('../peers/generation_pytorch.py', import.meta.url));
  const out = execFileSync(python, [file, text], { encoding: 'utf8', env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' } });
  return JSON.parse(out.trim().split('\n').at(-1)!) as GenerationResult;
}

const round = (value: number): number => Math.round(value * 1000) / 1000;
const mapped = (values: Readonly<Record<string, number>>, change: (value: number, name: string) => number): Record<string, number> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, round(change(value, name))]));
const rounded = ({ coldMs, warmMs, studiesPerSecond, cpuMsPerStudy }: GenerationResult): GenerationResult => ({
  coldMs: round(coldMs),
  warmMs: round(warmMs),
  studiesPerSecond: mapped(studiesPerSecond, (value) => value),
  cpuMsPerStudy: mapped(cpuMsPerStudy, (value) => value),
});

/** The best of several runs, figure by figure. */
function best(runs: readonly GenerationResult[]): GenerationResult {
  const of = (pick: (run: GenerationResult) => number, most: (...values: number[]) => number) => most(...runs.map(pick));
  const first = runs[0]!;
  return {
    coldMs: of((run) => run.coldMs, Math.min),
    warmMs: of((run) => run.warmMs, Math.min),
    studiesPerSecond: mapped(first.studiesPerSecond, (_, name) => of((run) => run.studiesPerSecond[name]!, Math.max)),
    cpuMsPerStudy: mapped(first.cpuMsPerStudy, (_, name) => of((run) => run.cpuMsPerStudy[name]!, Math.min)),
  };
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options });
  if (values.help) return void process.stdout.write(usage);
  if (!Object.hasOwn(presets, values.preset)) throw new Error(`--preset is one of ${Object.keys(presets).join(', ')}, not "${values.preset}"`);
  const name = choice('device', values.device, ['cpu', ...adapterNames]);
  const threads = Number(values.threads);
  const what: GenerationCase = {
    preset: values.preset as PresetName,
    studies: Number(values.studies),
    batch: Number(values.batch),
    searches: values.searches.split(',').map((search) => choice('searches', search, Object.keys(searches))),
  };
  const peer = () => (values.pytorch === undefined ? [] : [runPeer(values.pytorch, what, threads)]);
  const before = peer();
  const device = name === 'cpu' ? cpuDevice({ threads }) : await openAdapter(name);
  const own = rounded(await measureGeneration(device, what));
  const runs = [...before, ...peer()].map(rounded);
  const pytorch = runs.length > 0 ? { ...best(runs), runs } : undefined;
  const ratios = pytorch && {
    ratio: mapped(own.studiesPerSecond, (value, search) => value / pytorch.studiesPerSecond[search]!),
    cpuRatio: mapped(own.cpuMsPerStudy, (value, search) => pytorch.cpuMsPerStudy[search]! / value),
  };
  const document = { ...what, device: device.info.name, threads, ...own, ...(pytorch && { pytorch, ...ratios }) };
  process.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
  if (values.save) await saveResult(`generation-${what.preset}${name === 'cpu' ? '' : `-${adapterSlug(device.info.name)}`}`, document);
  await device.close();
}

try {
  await main();
} catch (error) {
  process.stderr.write(`error: ${(error as Error).message.split('\n')[0]}\n`);
  process.exitCode = 1;
}
