// The stages of pre-training as rows: what each trains, what it takes of earlier ones, and which parts of a model are of use after it.
import type { PartName } from './parts.ts';

/** Numbers of the stages, in the order in which they are trained. */
export const stageNumbers = [0, 1, 2] as const;

/** A stage. Stage 0 is run only where it is asked for. */
export type Stage = (typeof stageNumbers)[number];

/** A stage that a later one starts from. */
export type EarlierStage = Exclude<Stage, 2>;

/** One stage. */
export interface StageRow {
  readonly stage: Stage;
  /** What it trains, in words. */
  readonly title: string;
  /** Whether a parameter, by its name in a checkpoint, is one that the stage trains, or that later stages take from it. */
  owns(name: string): boolean;
  /** Earlier stages whose best checkpoints it starts from. */
  readonly takes: readonly EarlierStage[];
  /** Parts that can be used once it is trained. */
  readonly parts: readonly PartName[];
}

/** The table. */
export const stageRows: readonly StageRow[] = [
  {
    stage: 0,
    title: 'the image encoder, by labels of reports',
    owns: (name) => name.startsWith('vision.') || name.startsWith('lab.'),
    takes: [],
    parts: ['vision'],
  },
  {
    stage: 1,
    title: 'the text encoder and the decoder, by summarization',
    owns: (name) => name.startsWith('text.') || (name.startsWith('decoder.') && !name.includes('.image.')),
    takes: [],
    parts: ['text', 'summarize'],
  },
  { stage: 2, title: 'everything', owns: () => true, takes: [0, 1], parts: ['vision', 'text', 'align', 'caption', 'summarize', 'removal'] },
];

/** The row of a stage. */
export const stageRow = (stage: Stage): StageRow => stageRows[stage]!;
