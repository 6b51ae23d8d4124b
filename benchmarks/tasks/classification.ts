// Pre-trained compared with from-scratch on phantoms in CheXpert's layout: zero-shot, probe, fine-tuning with 1 and 10 % of the labels.
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClassScores } from '@hybridmed/eval/protocols';
import { meanAucOver } from '@hybridmed/eval/protocols';
import type { Device } from '@hybridmed/tensor';
import { describeCheckpoint, openModel } from 'hybridmed/node';
import { finetune, probe, zeroShot } from 'hybridmed/tasks';
import { saveResult } from '../results.ts';
import { chexpertPhantomPrompts, fiveClasses, writeChexpertPhantoms } from './chexpert-phantoms.ts';

const set = { train: 3000, valid: 600, size: 72, seed: 33 };
const classes = Object.keys(fiveClasses);
const seeds = [0, 1, 2];

interface Scores {
  readonly labels: Readonly<Record<string, readonly (0 | 1 | null)[]>>;
  readonly runs: readonly { readonly percent: number; readonly scores: Readonly<Record<string, readonly number[]>> }[];
}

/** A run's test scores at one percentage of the labels, as the protocols take them. */
async function scoresAt(out: string, percent: number): Promise<Record<string, ClassScores>[]> {
  const { labels, runs } = JSON.parse(await readFile(join(out, 'test-scores.json'), 'utf8')) as Scores;
  return runs
    .filter((run) => run.percent === percent)
    .map(({ scores }) =>
      Object.fromEntries(classes.map((name) => [name, { labels: labels[name]!.map((label) => label ?? undefined), scores: scores[name]! }])),
    );
}

/** Runs what has not been run yet, and writes results/tasks-chexpert-phantoms.json. */
export async function classification({
  checkpoint,
  out,
  device,
  log,
}: {
  checkpoint: string;
  out: string;
  device: Device;
  log: (text: string) => void;
}): Promise<void> {
  await mkdir(out, { recursive: true });
  const folder = join(out, 'chexpert-phantoms');
  await writeChexpertPhantoms(folder, set);
  const prompts = join(out, 'prompts.json');
  await writeFile(prompts, JSON.stringify(chexpertPhantomPrompts));
  const model = await openModel(checkpoint, { device });
  const common = { model, data: `chexpert:${folder}`, classes, seeds, onMessage: log };
  const once = async <T extends object>(name: string, run: (runFolder: string) => Promise<T>): Promise<T> => {
    const results = join(out, name, 'results.json');
    return existsSync(results) ? (JSON.parse(await readFile(results, 'utf8')) as T) : run(join(out, name));
  };
  const zero = await zeroShot({ model, data: common.data, prompts });
  const probed = await once('probe', (runFolder) => probe({ ...common, out: runFolder }));
  const fineTuning = { percent: [1, 10], epochs: 30, patience: 8 };
  // Both systems select among the same rates on the same validation studies.
  const rates = { learningRates: [2e-3, 5e-4] };
  const tuned = await once('finetune', (runFolder) => finetune({ ...common, ...fineTuning, ...rates, out: runFolder }));
  const scratch = await once('scratch', (runFolder) => finetune({ ...common, ...fineTuning, ...rates, fromScratch: true, out: runFolder }));
  const shares = [];
  for (const percent of fineTuning.percent) {
    const [pretrained, fromScratch] = [await scoresAt(join(out, 'finetune'), percent), await scoresAt(join(out, 'scratch'), percent)];
    const of = (result: typeof tuned) => result.shares.find((share) => share.percent === percent)!;
    shares.push({
      percent,
      trainStudies: tuned.runs.find((run) => run.percent === percent)!.trainStudies,
      pretrained: of(tuned),
      fromScratch: of(scratch),
      difference: meanAucOver(pretrained, { than: fromScratch }),
    });
  }
  await model.close();
  const { preset, parameters } = await describeCheckpoint(checkpoint);
  await saveResult('tasks-chexpert-phantoms', {
    data: "phantoms in CheXpert's layout",
    set,
    classes,
    seeds,
    checkpoint: { preset, parameters: parameters['total'], hash: zero.checkpointHash },
    studies: probed.studies,
    zeroShot: { meanAuc: zero.meanAuc, classes: Object.fromEntries(classes.map((name) => [name, zero.classes[name]!.auc])), exclusive: zero.exclusive ?? null },
    probe: probed.shares,
    finetune: shares,
    settings: tuned.settings,
  });
}
