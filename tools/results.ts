// Writes the tables of docs/results.md, and the README's headline figures, from benchmarks/results, between markers, so that no figure is typed by hand.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { AblationResults, ExplainResults, LabellerResults } from './results-agreement.ts';
import { ablationTable, explainRows, labellerRows } from './results-agreement.ts';
import { headlineRows } from './results-headline.ts';
import { summarizationChoice, summarizationTable } from './results-summarization.ts';
import { differencesTable, learningTable, variantsTable } from './results-learning.ts';
import { installTable, nodesTable, typesTable } from './results-install.ts';
import type { ClassificationResults, QuestionResults } from './results-tasks.ts';
import { classificationRows, questionRows } from './results-tasks.ts';
import type { PeersResult } from './results-webgpu.ts';
import { casesWithoutPeer, webgpuHead, webgpuRows } from './results-webgpu.ts';

const root = new URL('..', import.meta.url);
const result = (name: string) => {
  const file = new URL(`benchmarks/results/${name}.json`, root);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
};

const fixed = (value: number | null | undefined, places: number): string => (value === null || value === undefined ? '' : value.toFixed(places));
const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');

interface Scores {
  readonly bleu4: number;
  readonly rougeL: number;
  readonly cider: number;
}
const scores = ({ bleu4, rougeL, cider }: Scores): string => `${fixed(bleu4, 3)}, ${fixed(rougeL, 3)}, ${fixed(cider, 2)}`;

/** A loss with mismatched images, and how many shuffles it is the mean of: files without a number were saved when one was drawn. */
const mismatched = (value: number, draws: number | undefined): string => `${fixed(value, 2)} (${draws ?? 1})`;
const mismatchedHead = 'mismatched image (shuffles)';

/** Open-I: this project's runs, the reference's, and the baselines. */
function openi(): string {
  const reference = result('reference-openi');
  const own = [
    ['openi-small', 'this project, with distillation, seed 0'],
    ['openi-small-nodis', 'this project, without, seed 0'],
    ['openi-small-bert', "this project, with distillation, the reference's vocabulary"],
  ].flatMap(([file, name]) => {
    const run = result(`learn-${file}`);
    return run ? [{ name: name!, run }] : [];
  });
  const rows = own.map(({ name, run }) => {
    const normal = run.zeroShot.find((task: { name: string }) => task.name === 'normal').auc;
    return [
      name,
      fixed(run.losses.sum, 2),
      fixed(run.losses.cap, 2),
      mismatched(run.captioning.shuffled, run.captioning.draws),
      scores(run.text.image),
      scores(run.text.findings),
      fixed(run.retrieval.recall['R@50'].value, 3),
      `${fixed(normal.value, 3)} (${fixed(normal.low, 2)}-${fixed(normal.high, 2)})`,
    ];
  });
  const unknown = result('learn-openi-small-bert')?.withUnknown;
  if (unknown)
    rows.push([
      'the same run, words unseen in training as [UNK]',
      fixed(unknown.losses.sum, 2),
      fixed(unknown.losses.cap, 2),
      mismatched(unknown.captioning.shuffled, unknown.captioning.draws),
      '',
      '',
      '',
      '',
    ]);
  const theirs = reference.rows.map(
    (line: {
      name: string;
      sum: number;
      cap: number;
      shuffled: number;
      draws?: number;
      image: number[];
      findings: number[];
      recallAt50: number;
      normalAuc: number[];
    }) => {
      const triple = ([a, b, c]: number[]) => `${fixed(a, 3)}, ${fixed(b, 3)}, ${fixed(c, 2)}`;
      return [
        line.name,
        fixed(line.sum, 2),
        fixed(line.cap, 2),
        mismatched(line.shuffled, line.draws),
        triple(line.image),
        triple(line.findings),
        fixed(line.recallAt50, 3),
        `${fixed(line.normalAuc[0], 3)} (${fixed(line.normalAuc[1], 2)}-${fixed(line.normalAuc[2], 2)})`,
      ];
    },
  );
  const text = own[0]?.run.text;
  const chance = own[0]?.run.retrieval.recall['R@50'].chance;
  const baselines = text
    ? [
        ['most frequent impression', '', '', '', scores(text.mostFrequent), scores(text.mostFrequent), fixed(chance, 3), '0.5'],
        ['nearest training findings (tf-idf)', '', '', '', '(reads the findings)', scores(text.nearestFindings), '', ''],
        ...(text.consensus ? [['consensus of the 10 nearest findings', '', '', '', '(reads the findings)', scores(text.consensus), '', '']] : []),
      ]
    : [];
  return table(
    ['run', 'L_Sum', 'L_Cap', mismatchedHead, 'image: BLEU-4, ROUGE-L, CIDEr', 'findings: BLEU-4, ROUGE-L, CIDEr', 'R@50', 'normal AUC (95 %)'],
    [...rows, ...theirs, ...baselines],
  );
}

/** Phantoms: what the image branch learns where the image shows what the text says. */
function phantoms(): string {
  const rows = [
    ['phantom-small', 'with distillation'],
    ['phantom-small-nodis', 'without, from the same stage 1'],
  ].flatMap(([file, name]) => {
    const run = result(`learn-${file}`);
    if (!run) return [];
    const recall = run.retrieval.recall['R@10'];
    return [
      [
        name!,
        fixed(run.captioning.perToken, 2),
        mismatched(run.captioning.shuffledPerToken, run.captioning.draws),
        fixed(run.labels.image.micro, 2),
        fixed(run.labels.mostFrequent.micro, 2),
        fixed(run.meanAuc, 2),
        `${fixed(recall.value, 2)} (${fixed(recall.chance, 2)})`,
        scores(run.text.image),
        scores(run.text.mostFrequent),
      ],
    ];
  });
  return table(
    [
      'small, 6,000 phantoms',
      'L_Cap per token',
      mismatchedHead,
      'label F1',
      'most frequent',
      'zero-shot AUC',
      'R@10 (chance)',
      'image: BLEU-4, ROUGE-L, CIDEr',
      'most frequent',
    ],
    rows,
  );
}

/** Speed of one training step beside PyTorch. */
function speed(): string {
  const rows = ['small', 'medium'].flatMap((preset) => {
    const run = result(`train-step-${preset}`);
    if (!run?.pytorch) return [];
    return [
      [
        preset,
        `${run.processor}, ${run.threads} threads`,
        fixed(run.studiesPerSecond, 2),
        fixed(run.pytorch.studiesPerSecond, 2),
        fixed(run.pytorch.ratio, 2),
        String(run.peakMiB),
        String(Math.round(run.pytorch.peakMiB)),
      ],
    ];
  });
  return table(['preset', 'machine', 'studies/s', 'PyTorch', 'ratio', 'peak MiB', 'PyTorch'], rows);
}

/** The loader beside PyTorch's DataLoader. */
function loading(): string {
  const cases = (result('data-phantom')?.cases ?? {}) as Record<string, Loading & { pytorch: Loading; ratio: number }>;
  const rows = Object.entries(cases).map(([format, { pytorch, ratio, ...own }]) => [
    format,
    fixed(own.studiesPerSecond, 0),
    fixed(pytorch.studiesPerSecond, 0),
    fixed(ratio, 2),
    String(own.residentMiB),
    String(pytorch.residentMiB),
  ]);
  return table(['format', 'studies/s', 'PyTorch', 'ratio', 'resident MiB', 'PyTorch'], rows);
}
interface Loading {
  readonly studiesPerSecond: number;
  readonly residentMiB: number;
}

/** Image features from files and from shards, beside the encoder alone. */
function embedding(): string {
  const rows = ['small', 'medium'].flatMap((preset) => {
    const run = result(`tasks-embedding-${preset}`);
    if (!run) return [];
    const cell = ({ imagesPerSecond, ratio }: { imagesPerSecond: number; ratio: number }) => `${fixed(imagesPerSecond, 0)} (${fixed(ratio, 2)})`;
    return [[preset, fixed(run.bareImagesPerSecond, 0), cell(run.files), cell(run.shards)]];
  });
  return table(['images/s', 'encoder alone', 'from PNG files of 512 pixels (ratio)', 'from shards (ratio)'], rows);
}

/** Phantoms in CheXpert's layout: classification with and without pre-training, by the fraction of labels used. */
function classification(): string {
  const run = result('tasks-chexpert-phantoms') as ClassificationResults | undefined;
  const { train, validate, test } = run?.studies ?? { train: 0, validate: 0, test: 0 };
  return table(
    [`mean AUC (95 %); ${train}, ${validate}, ${test} images to train, validate, test`, 'no labels', '1 %', '10 %', '100 %'],
    run ? classificationRows(run) : [],
  );
}

/** VQA-RAD beside its baselines. */
function questions(): string {
  const run = result('tasks-vqa-rad') as QuestionResults | undefined;
  return table(['split (test questions)', 'system', 'closed (95 %)', 'open', 'all'], run ? questionRows(run) : []);
}

/** How well the rule labeller agrees with reference labels. */
function labeller(): string {
  const run = result('tasks-labeller') as LabellerResults | undefined;
  return table(['reference labels', 'F1 micro', 'macro'], run ? labellerRows(run) : []);
}

/** Where heat maps point, on phantoms. */
function explanations(): string {
  // Until the test split has been scored, the images on which the methods were chosen.
  const run = (result('tasks-explain-phantoms') ?? result('tasks-explain-phantoms-validate')) as ExplainResults | undefined;
  return table(
    [
      `map, ${run?.studies ?? 0} ${run?.split === 'validate' ? 'validation' : 'test'} phantoms with one finding`,
      'points inside the finding (95 %)',
      'contrast to noise (95 %)',
    ],
    run ? explainRows(run) : [],
  );
}

/** An ablation: the full method, and each variant's differences to it. */
function ablation(name: string): string {
  const run = result(`ablation-${name}`) as AblationResults | undefined;
  if (!run) return table(['ablation'], []);
  const { head, rows } = ablationTable(run);
  return table([`${run.preset}, ${run.studies} test studies`, ...head.slice(1)], rows);
}

/** WebGPU kernels and those of other engines, on one software adapter. */
function webgpu(): string {
  const run = result('peers-lavapipe') as PeersResult | undefined;
  if (!run) return table(webgpuHead, []);
  const alone = casesWithoutPeer(run);
  const note = alone.length > 0 ? ` Measured, but in no mean, since no other engine computes them correctly: ${alone.join('; ')}.` : '';
  return `${table(webgpuHead, webgpuRows(run))}\n\nOn ${run.adapter}, ${run.date}.${note}`;
}

/** Documents that hold tables, from the root. */
export const documents = ['README.md', 'docs/results.md', 'docs/learning.md', 'docs/install.md'] as const;

/** A few figures for the README; each is a cell of a table of docs/results.md. */
const headline = (): string => table(['', 'this project', 'for comparison'], headlineRows(result));

/** The tables by name. */
export const sections: Readonly<Record<string, () => string>> = {
  headline,
  openi,
  phantoms,
  classification,
  questions,
  labeller,
  explanations,
  'ablation-phantoms': () => ablation('phantoms'),
  'ablation-openi': () => ablation('openi'),
  learning: () => table(...learningTable(result, result('learning-differences'))),
  'learning-variants': () => table(...variantsTable(result('learning-differences'))),
  'learning-differences': () => table(...differencesTable(result('learning-differences'))),
  summarization: () => `${table(...summarizationTable(result('learning-summarization')))}\n\n${summarizationChoice(result('learning-summarization'))}`,
  install: () => table(...installTable(result('install'))),
  'install-nodes': () => table(...nodesTable(result('install'))),
  'install-types': () => table(...typesTable(result('install'))),
  speed,
  loading,
  embedding,
  webgpu,
};

/** A document with the tables between its markers written anew. */
export function withResults(document: string): string {
  return Object.entries(sections).reduce(
    (text, [name, write]) =>
      text.replace(new RegExp(`(<!-- results: ${name} -->\n)[\\s\\S]*?(<!-- end -->)`), (_, start: string, end: string) => `${start}${write()}\n${end}`),
    document,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const name of documents) {
    const file = new URL(name, root);
    writeFileSync(file, withResults(readFileSync(file, 'utf8')));
  }
}
