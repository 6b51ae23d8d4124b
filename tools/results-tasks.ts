// Rows of the results about downstream tasks.

interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

const shown = (interval: Interval | null | undefined): string =>
  interval ? `${interval.value.toFixed(3)} (${interval.low.toFixed(3)}-${interval.high.toFixed(3)})` : '';

interface Share {
  readonly percent: number;
  readonly meanAuc: Interval | null;
}

/** What benchmarks/tasks/classification.ts writes. */
export interface ClassificationResults {
  readonly studies: Readonly<Record<'train' | 'validate' | 'test', number>>;
  readonly zeroShot: { readonly meanAuc: Interval | null };
  readonly probe: readonly Share[];
  readonly finetune: readonly { readonly percent: number; readonly pretrained: Share; readonly fromScratch: Share; readonly difference: Interval | null }[];
}

/** Rows of phantoms in CheXpert's layout: mean AUC of five classes by fraction of the labels. */
export function classificationRows({ zeroShot, probe, finetune }: ClassificationResults): string[][] {
  const at = (percent: number, of: (share: ClassificationResults['finetune'][number]) => Interval | null): string => {
    const share = finetune.find((entry) => entry.percent === percent);
    return share ? shown(of(share)) : '';
  };
  const percents = [1, 10, 100];
  return [
    ['prompts, no labels', shown(zeroShot.meanAuc), '', ''],
    ['linear probe', ...percents.map((percent) => shown(probe.find((share) => share.percent === percent)?.meanAuc))],
    ['fine-tuned', ...percents.map((percent) => at(percent, ({ pretrained }) => pretrained.meanAuc))],
    ['from scratch', ...percents.map((percent) => at(percent, ({ fromScratch }) => fromScratch.meanAuc))],
    ['fine-tuned minus from scratch, paired', ...percents.map((percent) => at(percent, ({ difference }) => difference))],
  ].map(([name, first, ...rest], row) => (row === 0 ? [name!, first!, '', '', ''] : [name!, '', first!, ...rest]));
}

interface Accuracy {
  readonly strict: Interval | null;
}

/** What benchmarks/tasks/vqa.ts writes. */
export interface QuestionResults {
  readonly runs: readonly {
    readonly seed: number;
    readonly questionSplit: string;
    readonly fromScratch: boolean;
    readonly questions: number;
    readonly systems: Readonly<Record<string, Readonly<Record<'all' | 'closed' | 'open', Accuracy>>>>;
  }[];
}

const systems: Readonly<Record<string, string>> = {
  model: 'the model',
  questionOnly: 'the question alone',
  commonestByType: 'most frequent answer per question type',
  commonest: 'most frequent answer',
};

/** Rows of VQA-RAD: strict accuracy by split, start and system. Baselines that learn nothing stand once for each split. */
export function questionRows({ runs }: QuestionResults): string[][] {
  return runs.flatMap((run) =>
    Object.entries(systems).flatMap(([system, name]) => {
      const fitted = system === 'model' || system === 'questionOnly';
      if (!fitted && (run.fromScratch || run.seed !== runs[0]!.seed)) return [];
      const { all, closed, open } = run.systems[system]!;
      const start = fitted ? (run.fromScratch ? ', from scratch' : ', from the checkpoint') : '';
      return [
        [
          `${run.questionSplit} (${run.questions})`,
          `${name}${start}${fitted && run.seed > 0 ? `, seed ${run.seed}` : ''}`,
          shown(closed.strict),
          shown(open.strict),
          shown(all.strict),
        ],
      ];
    }),
  );
}
