// The recipe of configs/openi-efficientnet.yaml and what it is compared with: trains, evaluates and saves what benchmarks/results lacks.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { saveResult } from '../results.ts';
import { saveRun } from './save.ts';
import type { Variant } from './variants.ts';
import { comparisons, variants } from './variants.ts';

const usage = `usage: node benchmarks/run.mjs recipe --data openi:DIR --vision hf:FOLDER --text hf:FOLDER --out DIR [options]

For each seed and variant: pretrain --config configs/openi-efficientnet.yaml (a variant takes the recipe's stages of that seed where it changes
nothing in them), fit-ratio, evaluate on the validation and then on the test split; writes benchmarks/results/learning-VARIANT-seedS.json and,
of pairs of variants, learning-differences.json. What is saved is not run again; an interrupted run resumes. Needs \`npm run build\`.

  --only NAMES    variants, of ${variants.map(({ name }) => name).join(', ')}
  --seed N        this seed alone (default: those of each variant)
  --cache DIR     features of frozen fronts (default: OUT/cache)
  --device D      cpu, webgpu, gpujs, auto (default auto)
`;

const root = new URL('../../', import.meta.url);
const path = (name: string) => fileURLToPath(new URL(name, root));

/** Runs hybridmed; its standard output. Throws where it fails. */
function hybridmed(args: readonly string[]): string {
  const { status, stdout } = spawnSync(process.execPath, [path('packages/hybridmed/bin/hybridmed.js'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(`hybridmed ${args.slice(0, 3).join(' ')} ... ended with ${status}`);
  return stdout;
}

interface Problem {
  readonly data: string;
  readonly vision: string;
  readonly text: string;
  readonly out: string;
  readonly cache: string;
  readonly device: string;
}

const folderOf = (out: string, seed: number, name: string): string => join(out, `seed-${seed}`, name);
const evaluationOf = (out: string, seed: number, name: string, split = 'test'): string => join(folderOf(out, seed, name), `${split}.json`);
const isSaved = (name: string, seed: number): boolean => existsSync(path(`benchmarks/results/learning-${name}-seed${seed}.json`));

/** Trains one variant with one seed, evaluates it, and saves its figures. */
async function runVariant({ name, flags, shares }: Variant, seed: number, { data, vision, text, out, cache, device }: Problem): Promise<void> {
  const own = folderOf(out, seed, name);
  const recipe = folderOf(out, seed, 'recipe');
  mkdirSync(join(out, `seed-${seed}`), { recursive: true });
  const from = ['--config', path('configs/openi-efficientnet.yaml'), '--data', data, '--text', text, '--seed', String(seed)];
  const images = flags.includes('--vision') ? [] : ['--vision', vision];
  const taken = shares.flatMap((stage) => [`--${stage}`, recipe]);
  const whereAndHow = ['--device', device, '--cache', cache, '--no-report', '--resume', '--out', own];
  hybridmed(['pretrain', ...from, ...images, ...taken, ...flags, ...whereAndHow]);
  const evaluated = ['--checkpoint', own, '--data', data, '--device', device];
  if (images.length > 0) hybridmed(['fit-ratio', ...evaluated]);
  for (const split of ['validate', 'test']) {
    const file = evaluationOf(out, seed, name, split);
    if (!existsSync(file)) writeFileSync(file, hybridmed(['evaluate', ...evaluated, '--split', split, '--json']));
  }
  const stages = [own, ...(shares.length > 0 ? [recipe] : [])];
  await saveRun({ name, seed, flags, stages, test: evaluationOf(out, seed, name), validate: evaluationOf(out, seed, name, 'validate') });
}

type Compared = Readonly<Record<'studies' | 'figures', unknown>>;

const compared = (args: readonly string[]): Compared => {
  const { figures, studies } = JSON.parse(hybridmed(['compare', ...args, '--json'])) as Compared;
  return { studies, figures };
};

/** What the label head is compared on with a regression. */
const imageClasses = 'effusion,emphysema,cardiomegaly,names a finding';

/** Scores of a logistic regression on pooled features of the image encoder as it was published, for the labels that MeSH says. */
function regressionScores(checkpoint: string, { data, vision, out, device }: Problem): string {
  const folder = join(out, 'regression');
  const scores = join(folder, 'test-scores.json');
  if (existsSync(scores)) return scores;
  const fit = ['--classes', imageClasses, '--percent', '100', '--seeds', '0'];
  hybridmed(['probe', '--checkpoint', checkpoint, '--vision', vision, '--data', data, ...fit, '--device', device, '--out', folder]);
  return scores;
}

/** Saves each side's means over seeds, and the paired differences of every comparison, over the seeds that both sides have. */
async function saveDifferences(problem: Problem): Promise<void> {
  const { out } = problem;
  const files = (name: string, seeds: readonly number[]) => seeds.map((seed) => evaluationOf(out, seed, name));
  const seedsOf = (...names: string[]) => [0, 1, 2].filter((seed) => names.every((name) => existsSync(evaluationOf(out, seed, name))));
  const rows: object[] = [];
  for (const { name } of variants) {
    const seeds = seedsOf(name);
    if (seeds.length > 0) rows.push({ a: name, seeds, ...compared(['--a', ...files(name, seeds)]) });
  }
  for (const [a, b] of comparisons) {
    const seeds = seedsOf(a, b);
    if (seeds.length > 0) rows.push({ a, b, seeds, ...compared(['--a', ...files(a, seeds), '--b', ...files(b, seeds)]) });
  }
  const seeds = seedsOf('recipe');
  if (seeds.length > 0) {
    const regression = regressionScores(folderOf(out, seeds[0]!, 'recipe'), problem);
    const scores = compared(['--a', ...files('recipe', seeds), '--b', regression, '--classes', imageClasses]);
    rows.push({ a: 'recipe', b: 'regression', seeds, ...scores });
  }
  if (rows.length > 0) await saveResult('learning-differences', { rows });
}

async function main(): Promise<number> {
  const string = { type: 'string' } as const;
  const { values } = parseArgs({
    options: { data: string, vision: string, text: string, out: string, cache: string, only: string, seed: string, device: string, help: { type: 'boolean' } },
  });
  const { data, vision, text, out } = values;
  if (values.help || !data || !vision || !text || !out) {
    (values.help ? process.stdout : process.stderr).write(usage);
    return values.help ? 0 : 2;
  }
  const names = values.only?.split(',');
  const unknown = names?.find((name) => !variants.some((variant) => variant.name === name));
  if (unknown !== undefined) {
    process.stderr.write(`--only: "${unknown}" is none of ${variants.map(({ name }) => name).join(', ')}\n`);
    return 2;
  }
  const problem = { data, vision, text, out: resolve(out), cache: resolve(values.cache ?? join(out, 'cache')), device: values.device ?? 'auto' };
  for (const seed of [0, 1, 2].filter((own) => values.seed === undefined || own === Number(values.seed)))
    for (const variant of variants.filter(({ name, seeds }) => seed < seeds && (names?.includes(name) ?? true))) {
      if (isSaved(variant.name, seed)) process.stderr.write(`${variant.name}, seed ${seed}: saved\n`);
      else await runVariant(variant, seed, problem);
    }
  await saveDifferences(problem);
  return 0;
}

process.exitCode = await main();
