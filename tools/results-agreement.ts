// Rows of the results about explanations, the labeller and the ablations.

interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

const shown = ({ value, low, high }: Interval, places = 2): string => `${value.toFixed(places)} (${low.toFixed(places)}-${high.toFixed(places)})`;
// JSON has no NaN: the ends of an interval over one seed come as null.
const signed = (interval: Interval, places = 3): string => {
  const text = (value: number) => `${value < 0 ? '' : '+'}${value.toFixed(places)}`;
  return interval.low === null ? text(interval.value) : `${text(interval.value)} (${text(interval.low)} to ${text(interval.high)})`;
};

interface Agreement {
  readonly micro: number;
  readonly macro: number;
}

/** What benchmarks/tasks/labeller.ts writes. */
export interface LabellerResults {
  readonly phantoms: { readonly studies: number; readonly findings: Agreement; readonly impression: Agreement };
  readonly openi: { readonly reports: number; readonly doubtsAbsent: Agreement; readonly doubtsPresent: Agreement };
}

/** Rows of the labeller's agreement with reference labels. */
export function labellerRows({ phantoms, openi }: LabellerResults): string[][] {
  const row = (name: string, { micro, macro }: Agreement) => [name, micro.toFixed(3), macro.toFixed(3)];
  return [
    row(`what ${phantoms.studies} phantoms show, read from their impressions`, phantoms.impression),
    row('the same, read from their findings', phantoms.findings),
    row(`MeSH coding of ${openi.reports} Open-I reports, uncertain as absent`, openi.doubtsAbsent),
    row('the same, uncertain as present', openi.doubtsPresent),
  ];
}

/** What benchmarks/tasks/explain.ts writes. */
export interface ExplainResults {
  readonly split: string;
  readonly studies: number;
  readonly chance: number;
  readonly maps: readonly { readonly kind: string; readonly pointing: Interval; readonly contrast: Interval }[];
}

const kinds: Readonly<Record<string, string>> = {
  guided: 'removal at the pixels of the gradient (what `explain` writes)',
  removal: 'loss of log-odds when patches are removed',
  gradient: "gradient of the impression's log-odds",
  alignment: 'word-to-patch alignment',
  attention: 'cross-attention during generation',
  cls: 'attention of the class token',
};

/** Rows of how well maps point at findings. */
export const explainRows = ({ maps, chance }: ExplainResults): string[][] => [
  ...maps.map(({ kind, pointing, contrast }) => [kinds[kind] ?? kind, shown(pointing), shown(contrast)]),
  ['chance', chance.toFixed(2), '0'],
];

/** What benchmarks/tasks/ablation.ts writes. */
export interface AblationResults {
  readonly preset: string;
  readonly studies: number;
  readonly seeds: readonly number[];
  readonly rows: readonly {
    readonly title: string;
    readonly seeds: readonly number[];
    readonly parameters: { readonly total: number; readonly secondBranchPercent: number };
    readonly figures: Readonly<
      Record<string, { readonly mean: number; readonly difference?: { readonly overStudies: Interval; readonly overSeeds: Interval } } | undefined>
    >;
  }[];
}

/** Head and rows of an ablation: means of the full method, differences of the others over studies and over seeds. */
export function ablationTable({ rows }: AblationResults): { head: string[]; rows: string[][] } {
  const columns = [
    ['caption', 'L_Cap per token'],
    ['cider', 'CIDEr from the image'],
    ['labelF1', 'label F1'],
    ['zeroShot', 'zero-shot AUC'],
  ] as const;
  const having = columns.filter(([name]) => rows.some(({ figures }) => figures[name]));
  return {
    head: ['', 'seeds', ...having.flatMap(([, title]) => [title, '95 % over seeds']), 'parameters', 'second branch'],
    rows: rows.map(({ title, seeds, parameters, figures }) => [
      title,
      String(seeds.length),
      ...having.flatMap(([name]) => {
        const figure = figures[name];
        if (!figure) return ['', ''];
        if (!figure.difference) return [figure.mean.toFixed(3), ''];
        const { low, high } = figure.difference.overSeeds;
        return [signed(figure.difference.overStudies), low === null ? '' : `${low.toFixed(3)} to ${high.toFixed(3)}`];
      }),
      parameters.total.toLocaleString('en-US'),
      `${parameters.secondBranchPercent} %`,
    ]),
  };
}
