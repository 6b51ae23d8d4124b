// Writes the README's results from benchmarks/results, between markers, so that no figure is typed by hand.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { AblationResults, ExplainResults, LabellerResults } from './readme-agreement.ts';
import { ablationTable, explainRows, labellerRows } from './readme-agreement.ts';
import type { ClassificationResults, QuestionResults } from './readme-uses.ts';
import { classificationRows, questionRows } from './readme-uses.ts';
import type { PeersResult } from './readme-webgpu.ts';
import { casesWithoutPeer, webgpuHead, webgpuRows } from './readme-webgpu.ts';

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
      fixed(run.captioning.shuffled, 2),
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
      fixed(unknown.captioning.shuffled, 2),
      '',
      '',
      '',
      '',
    ]);
  const theirs = reference.rows.map(
    (line: { name: string; sum: number; cap: number; shuffled: number; image: number[]; findings: number[]; recallAt50: number; normalAuc: number[] }) => {
      const triple = ([a, b, c]: number[]) => `${fixed(a, 3)}, ${fixed(b, 3)}, ${fixed(c, 2)}`;
      return [
        line.name,
        fixed(line.sum, 2),
        fixed(line.cap, 2),
        fixed(line.shuffled, 2),
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
        ['the most frequent impression', '', '', '', scores(text.mostFrequent), scores(text.mostFrequent), fixed(chance, 3), '0.5'],
        ['nearest training findings (tf-idf)', '', '', '', '(reads the findings)', scores(text.nearestFindings), '', ''],
      ]
    : [];
  return table(
    ['run', 'L_Sum', 'L_Cap', 'other film', 'image: BLEU-4, ROUGE-L, CIDEr', 'findings: BLEU-4, ROUGE-L, CIDEr', 'R@50', 'normal AUC (95 %)'],
    [...rows, ...theirs, ...baselines],
  );
}

/** Phantoms: what the image branch learns where the film holds what the text says. */
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
        fixed(run.captioning.shuffledPerToken, 2),
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
      'other film',
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

/** Phantoms in CheXpert's layout: labels needed with and without pre-training. */
function classification(): string {
  const run = result('uses-chexpert-phantoms') as ClassificationResults | undefined;
  const { train, validate, test } = run?.studies ?? { train: 0, validate: 0, test: 0 };
  return table(
    [`mean AUC (95 %); ${train}, ${validate}, ${test} films to train, validate, test`, 'no labels', '1 %', '10 %', '100 %'],
    run ? classificationRows(run) : [],
  );
}

/** VQA-RAD beside its baselines. */
function questions(): string {
  const run = result('uses-vqa-rad') as QuestionResults | undefined;
  return table(['split (test questions)', 'system', 'closed (95 %)', 'open', 'all'], run ? questionRows(run) : []);
}

/** The rule labeller against labels of others. */
function labeller(): string {
  const run = result('uses-labeller') as LabellerResults | undefined;
  return table(['the rule labeller against', 'F1 micro', 'macro'], run ? labellerRows(run) : []);
}

/** Where heat maps point, on phantoms. */
function explanations(): string {
  // Until the test split has been scored, the films on which the methods were chosen.
  const run = (result('uses-explain-phantoms') ?? result('uses-explain-phantoms-validate')) as ExplainResults | undefined;
  return table(
    [
      `map, ${run?.studies ?? 0} ${run?.split === 'validate' ? 'validation' : 'test'} phantoms with one finding`,
      'points inside it (95 %)',
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

/** WebGPU engines on one software adapter. */
function webgpu(): string {
  const run = result('peers-lavapipe') as PeersResult | undefined;
  if (!run) return table(webgpuHead, []);
  const alone = casesWithoutPeer(run);
  const note = alone.length > 0 ? ` Measured, but in no mean, since no other engine has them right: ${alone.join('; ')}.` : '';
  return `${table(webgpuHead, webgpuRows(run))}\n\nOn ${run.adapter}, ${run.date}.${note}`;
}

/** The README with its results written anew. */
export function withResults(readme: string): string {
  const sections: Record<string, () => string> = {
    openi,
    phantoms,
    classification,
    questions,
    labeller,
    explanations,
    'ablation-phantoms': () => ablation('phantoms'),
    'ablation-openi': () => ablation('openi'),
    speed,
    webgpu,
  };
  return Object.entries(sections).reduce(
    (text, [name, write]) =>
      text.replace(new RegExp(`(<!-- results: ${name} -->\n)[\\s\\S]*?(<!-- end -->)`), (_, start: string, end: string) => `${start}${write()}\n${end}`),
    readme,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = new URL('README.md', root);
  writeFileSync(file, withResults(readFileSync(file, 'utf8')));
}
