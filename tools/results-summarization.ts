// Summaries of findings by consensus, beside greedy ones and the consensus of the ten nearest, as benchmarks/summarize saved them.

interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

interface Way {
  readonly bleu4: number;
  readonly rougeL: number;
  readonly cider: number;
  readonly distinct: number;
  readonly overConsensus?: { readonly bleu4: Interval; readonly cider: Interval };
}

/** Of benchmarks/summarize/main.ts. */
export interface SummarizationResults {
  readonly runs: readonly {
    readonly settings: { readonly k: number; readonly power: number; readonly hypotheses: number; readonly likelihood: number };
    readonly validate: Readonly<Record<string, Way>>;
    readonly test: Readonly<Record<string, Way>>;
  }[];
}

const splits = [
  ['validate', 'validation'],
  ['test', 'test'],
] as const;
const titles = {
  search: 'consensus search',
  near: 'the same without the model',
  greedy: 'greedy',
  consensus: 'consensus of the 10 nearest findings',
} as const;

const difference = ({ value, low, high }: Interval, places: number): string =>
  `${value > 0 ? '+' : ''}${value.toFixed(places)} (${low.toFixed(places)} to ${high.toFixed(places)})`;

/** Each split of each run, way by way, with paired differences to the baseline. */
export function summarizationTable(results: SummarizationResults | undefined): [head: string[], rows: string[][]] {
  const head = ['split', 'written by', 'CIDEr', 'BLEU-4', 'ROUGE-L', 'distinct', 'CIDEr less the consensus (95 %)', 'BLEU-4 less the consensus (95 %)'];
  const rows = (results?.runs ?? []).flatMap((run) =>
    splits.flatMap(([split, name]) =>
      Object.entries(titles).flatMap(([way, title]) => {
        const own = run[split][way];
        if (!own) return [];
        const { cider, bleu4, rougeL, distinct, overConsensus: over } = own;
        const paired = over ? [difference(over.cider, 2), difference(over.bleu4, 3)] : ['', ''];
        return [[name, title, cider.toFixed(2), bleu4.toFixed(3), rougeL.toFixed(3), String(distinct), ...paired]];
      }),
    ),
  );
  return [head, rows];
}

/** What the validation split chose, in words. */
export const summarizationChoice = (results: SummarizationResults | undefined): string =>
  (results?.runs ?? [])
    .map(
      ({ settings: { k, power, hypotheses, likelihood } }) =>
        `Chosen on validation: k ${k}, power ${power}, hypotheses ${hypotheses}, likelihood ${likelihood}.`,
    )
    .join(' ');
