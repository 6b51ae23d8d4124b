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
  readonly labelHead?: readonly (Auc & { readonly name: string })[];
  readonly text: Readonly<Record<string, { readonly cider: number; readonly bleu4: number } | undefined>>;
  readonly labels?: Readonly<Record<string, { readonly naming?: { readonly balancedAccuracy: Interval | null } } | undefined>>;
}

interface Bar {
  readonly what: string;
  /** The least value that meets the bar. */
  readonly bar: number;
  /** Its name among compared figures, which have the seeds' mean with an interval over studies. */
  readonly compared?: string;
  /** A run's figure and, where it has one, its interval over studies. */
  of(run: LearningResults): Interval | number | null | undefined;
}

const prompted = (name: string, bar: number): Bar => ({
  what: `prompted AUC: ${name}`,
  bar,
  compared: `prompted AUC: ${name}`,
  of: ({ zeroShot }) => zeroShot.find((row) => row.name === name)?.auc,
});

const imageStage = (name: string, bar: number): Bar => ({
  what: `image stage's AUC: ${name}`,
  bar,
  compared: `AUC of the label head: ${name}`,
  of: ({ labelHead }) => labelHead?.find((row) => row.name === name)?.auc,
});

/** Bars that one run's evaluation answers; those of two runs are comparisons. */
export const bars: readonly Bar[] = [
  imageStage('effusion', 0.84),
  imageStage('emphysema', 0.87),
  imageStage('cardiomegaly', 0.85),
  imageStage('names a finding', 0.77),
  prompted('normal', 0.69),
  prompted('effusion', 0.77),
  prompted('emphysema', 0.77),
  prompted('cardiomegaly', 0.71),
  { what: 'image to impression R@10', bar: 0.115, compared: 'recall10', of: ({ retrieval }) => retrieval?.recall['R@10'] },
  { what: 'L_Cap: mismatched less own image, nats per study', bar: 0.18, compared: 'gap', of: ({ captioning }) => captioning?.perStudy },
  {
    what: 'AUC of the likelihood of normal sentences (MeSH normal)',
    bar: 0.73,
    compared: 'normalAuc',
    of: ({ normalLikelihood }) => normalLikelihood?.byData?.auc,
  },
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

interface Resampled {
  readonly overStudies: Interval;
  /** Bounds are absent with one seed. */
  readonly overSeeds: { readonly low: number | null; readonly high: number | null };
}

/** Of benchmarks/recipe/main.ts: means of a variant's seeds and, with `b`, the paired differences to another. */
export interface LearningDifferences {
  readonly rows: readonly {
    readonly a: string;
    readonly b?: string;
    readonly seeds: readonly number[];
    readonly figures: readonly { readonly name: string; readonly title: string; readonly a: Resampled; readonly difference?: Resampled; readonly p?: number }[];
  }[];
}

const spread = ({ low, high }: Resampled['overSeeds']): string => (low === null || high === null ? '' : `${low.toFixed(3)} to ${high.toFixed(3)}`);
const signed = (figure: Interval): string => `${figure.value > 0 ? '+' : ''}${shown(figure)}`;

/** The bars: each seed of the recipe, the mean of the seeds, and whether it meets them. */
export function learningTable(result: (name: string) => Saved | undefined, differences: LearningDifferences | undefined): Table {
  const runs = runsOf(result, 'recipe');
  const means = differences?.rows.find(({ a, b }) => a === 'recipe' && b === undefined);
  const head = ['Open-I test split, frontal', 'bar', ...runs.map(({ seed }) => `seed ${seed}`), 'mean (95 % over studies; over seeds)', 'met'];
  const rows = bars.map(({ what, bar, compared, of }) => {
    const values = runs.map(of).flatMap((figure) => (figure === null || figure === undefined ? [] : [typeof figure === 'number' ? figure : figure.value]));
    const whole = values.length === runs.length && runs.length > 0;
    const figure = means?.seeds.length === runs.length ? means.figures.find(({ name }) => name === compared)?.a : undefined;
    const shownMean = figure ? [shown(figure.overStudies), spread(figure.overSeeds)].filter(Boolean).join('; ') : mean(values).toFixed(3);
    return [what, String(bar), ...values.map((value) => value.toFixed(3)), whole ? shownMean : '', whole ? (mean(values) >= bar ? 'yes' : 'no') : ''];
  });
  return [head, rows];
}

/** The bars of pairs of variants: differences, paired by study and seed. */
export function differencesTable(differences: LearningDifferences | undefined): Table {
  const figures = ['captionNats', 'gap', 'recall10', 'normalAuc', 'prompted AUC: normal', 'cider', 'mean AUC of 4'];
  const head = ['a less b, paired', 'figure', 'seeds', 'difference (95 % over studies)', 'over seeds'];
  const pairs = (differences?.rows ?? []).filter(({ b }) => b !== undefined);
  const rows = pairs.flatMap(({ a, b, seeds, figures: own }) =>
    figures
      .flatMap((name) => own.filter((figure) => figure.name === name))
      .map(({ title, difference }) => [`${a} less ${b}`, title, seeds.join(', '), signed(difference!.overStudies), spread(difference!.overSeeds)]),
  );
  return [head, rows];
}

/** Every variant: means over its seeds, by figure. */
export function variantsTable(differences: LearningDifferences | undefined): Table {
  const shownFigures = ['captionNats', 'gap', 'normalAuc', 'recall10', 'prompted AUC: normal', 'cider'];
  const own = (differences?.rows ?? []).filter(({ b }) => b === undefined);
  const titles = shownFigures.flatMap((name) => own.flatMap(({ figures }) => figures).find((figure) => figure.name === name) ?? []);
  const head = ['variant', 'seeds', ...titles.map(({ title }) => `${title} (95 % over studies)`)];
  const rows = own.map(({ a, seeds, figures }) => [
    a,
    seeds.join(', '),
    ...titles.map(({ name }) => shown(figures.find((figure) => figure.name === name)?.a.overStudies)),
  ]);
  return [head, rows];
}
