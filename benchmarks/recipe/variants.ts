// What the recipe of configs/openi-efficientnet.yaml is compared with: the same run with something left out or done otherwise.

/** One way of training. */
export interface Variant {
  readonly name: string;
  readonly title: string;
  /** Seeds, from 0. */
  readonly seeds: number;
  /** Flags beside the recipe's configuration. */
  readonly flags: readonly string[];
  /** Stages that are the recipe's of the same seed. */
  readonly shares: readonly ('stage0' | 'stage1')[];
}

// The recipe trains the image encoder from block 11 on, in stage 0; a variant without that stage trains the same layers in stage 2.
const front = ['_conv_stem', '_bn0', ...Array.from({ length: 11 }, (_, i) => `_blocks.${i}`)].map((name) => `vision.${name}.*`);
const sameLayers = ['--no-stage0', '--learning-rate', '5e-4,align=1e-3,vision=2e-4', '--freeze', 'text.*', ...front];
const paper = [...sameLayers, '--cl', '1', '--sum', '1', '--duplicates', 'negatives'];

/** All of them, the recipe first: others share its stages. */
export const variants: readonly Variant[] = [
  { name: 'recipe', title: 'the recipe', seeds: 3, flags: [], shares: [] },
  { name: 'no-labels', title: 'without labels, the same layers trained in stage 2', seeds: 3, flags: sameLayers, shares: ['stage1'] },
  { name: 'no-image', title: 'without images', seeds: 3, flags: ['--vision', 'none', '--no-stage0'], shares: ['stage1'] },
  { name: 'paper', title: "the paper's method, the same layers trained", seeds: 3, flags: paper, shares: ['stage1'] },
  { name: 'paper-no-dis', title: "the paper's method without distillation", seeds: 3, flags: [...paper, '--no-dis'], shares: ['stage1'] },
  { name: 'negatives', title: 'equal impressions as negatives', seeds: 3, flags: ['--duplicates', 'negatives'], shares: ['stage0', 'stage1'] },
  { name: 'frozen', title: 'without labels, image encoder frozen', seeds: 1, flags: ['--no-stage0'], shares: ['stage1'] },
  // Of 2,232 training pairs; 347 are for validation, which both limits leave whole. The vocabulary is that of the texts that are left.
  { name: 'half', title: '50 % of the training studies', seeds: 1, flags: ['--limit', '1116'], shares: [] },
  { name: 'quarter', title: '25 % of the training studies', seeds: 1, flags: ['--limit', '558'], shares: [] },
];

/** What is compared, paired by study and seed: both sides' variants. */
export const comparisons: readonly (readonly [string, string])[] = [
  ['recipe', 'no-labels'],
  ['recipe', 'no-image'],
  ['recipe', 'negatives'],
  ['recipe', 'paper'],
  ['paper', 'paper-no-dis'],
];
