// The bars of learning from real radiographs, row by row, beside what the saved runs of benchmarks/recipe have on the test split.

interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

interface Auc {
  readonly auc: Interval | null;
}

/** What benchmarks/recipe/save.ts writes, as far as the table reads it. */
export interface LearningResults {
  readonly seed: number;
  readonly losses: Readonly<Record<string, number | null>>;
  readonly captioning?: { readonly perStudy: Interval };
  readonly normalLikelihood?: { readonly byData?: Auc };
  readonly retrieval?: { readonly recall: Readonly<Record<string, Interval>> };
  readonly zeroShot: readonly (Auc & { readonly name: string })[];
  readonly imageLabels?: readonly (Auc & { readonly column: string })[];
  readonly text: Readonly<Record<string, { readonly cider: number; readonly bleu4: number } | undefined>>;
  readonly labels?: Readonly<Record<string, { readonly naming?: { readonly balancedAccuracy: Interval | null } } | undefined>>;
}

interface Bar {
  readonly what: string;
  /** The least value that meets the bar. */
  readonly bar: number;
  /** A run's figure and, where it has one, its interval over studies. */
  of(run: LearningResults): Interval | number | null | undefined;
}

const prompted = (name: string, bar: number): Bar => ({
  what: `prompted AUC: ${name}`,
  bar,
  of: ({ zeroShot }) => zeroShot.find((row) => row.name === name)?.auc,
});

const column = (label: string, bar: number, text: 'report' | 'impression' = 'report'): Bar => ({
  what: `image stage's AUC: ${label}, as the labeller reads the ${text}`,
  bar,
  of: ({ imageLabels }) => imageLabels?.find((row) => row.column === `${text}: ${label}`)?.auc,
});

/** Bars that one run's evaluation answers; those of two runs are comparisons. */
export const bars: readonly Bar[] = [
  column('Pleural Effusion', 0.84),
  column('Emphysema', 0.87),
  column('Cardiomegaly', 0.85),
  column('No Finding', 0.77, 'impression'),
  prompted('normal', 0.69),
  prompted('effusion', 0.77),
  prompted('emphysema', 0.77),
  prompted('cardiomegaly', 0.71),
  { what: 'image to impression R@10', bar: 0.115, of: ({ retrieval }) => retrieval?.recall['R@10'] },
  { what: 'L_Cap: mismatched less own image, nats per study', bar: 0.18, of: ({ captioning }) => captioning?.perStudy },
  { what: 'AUC of the likelihood of normal sentences (MeSH normal)', bar: 0.73, of: ({ normalLikelihood }) => normalLikelihood?.byData?.auc },
  { what: 'balanced accuracy of naming a finding, by likelihood ratio', bar: 0.62, of: ({ labels }) => labels?.['imageRatio']?.naming?.balancedAccuracy },
  { what: 'CIDEr of the same texts', bar: 1.45, of: ({ text }) => text['imageRatio']?.cider },
];

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const shown = (figure: Interval | number | null | undefined): string => {
  if (figure === null || figure === undefined) return '';
  if (typeof figure === 'number') return figure.toFixed(2);
  return `${figure.value.toFixed(3)} (${figure.low.toFixed(3)} to ${figure.high.toFixed(3)})`;
};

type Saved = LearningResults & { readonly variant: string };
type Table = [head: string[], rows: string[][]];

/** Saved runs of a variant, by seed. */
const runsOf = (result: (name: string) => Saved | undefined, variant: string): Saved[] =>
  [0, 1, 2].map((seed) => result(`learning-${variant}-seed${seed}`)).filter((run) => run !== undefined);

/** The bars: each seed of the recipe, and whether the seeds' mean meets them. */
export function learningTable(result: (name: string) => Saved | undefined): Table {
  const runs = runsOf(result, 'recipe');
  const head = [
    'Open-I test split, frontal',
    'bar',
    ...runs.map(({ seed }) => `seed ${seed} (95 % over studies)`),
    `met by the mean of ${runs.length} of 3 seeds`,
  ];
  const rows = bars.map(({ what, bar, of }) => {
    const figures = runs.map(of);
    const values = figures.flatMap((figure) => (figure === null || figure === undefined ? [] : [typeof figure === 'number' ? figure : figure.value]));
    const met = values.length < runs.length || runs.length === 0 ? '' : mean(values) >= bar ? 'yes' : 'no';
    return [what, String(bar), ...figures.map(shown), met];
  });
  return [head, rows];
}

const variantNames = ['recipe', 'no-labels', 'no-image', 'paper', 'paper-no-dis', 'negatives', 'frozen', 'half', 'quarter'];

/** The recipe and its variants: losses in nats per study. */
export function variantsTable(result: (name: string) => Saved | undefined): Table {
  const head = ['variant', 'seed', 'L_Cap', 'mismatched less own image (95 %)', 'AUC of the likelihood of normal sentences (95 %)'];
  const rows = variantNames
    .flatMap((variant) => runsOf(result, variant))
    .map(({ variant, seed, losses, captioning, normalLikelihood }) => [
      variant,
      String(seed),
      losses['cap']?.toFixed(2) ?? '',
      shown(captioning?.perStudy),
      shown(normalLikelihood?.byData?.auc),
    ]);
  return [head, rows];
}
