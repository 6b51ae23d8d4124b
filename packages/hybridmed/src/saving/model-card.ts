// The model card of a saved encoder: what it is, data, training, metrics, how to load it, and limits.
import type { Stage } from '@hybridmed/model';
import { weightsInWords } from '@hybridmed/model/objective';
import type { Provenance } from '@hybridmed/runtime/run';
import type { EvaluationReport } from '@hybridmed/tasks/node';
import type { ValidationLine } from '@hybridmed/training';
import type { RunConfig } from '@hybridmed/runtime/settings';
import { labelSupervised } from '../label-supervised.ts';
import { publishedName } from '@hybridmed/training/options';
import { ratesInWords, stageSettings } from '@hybridmed/training/settings';

/** What is known of a checkpoint's training. The card says what is not recorded because files of the run are missing. */
export interface CardFacts {
  readonly part: 'vision' | 'text';
  readonly preset: string;
  readonly stage: Stage;
  readonly version: string;
  /** The package of Python that reads the folder. */
  readonly library: string;
  /** Lines of Python that load the folder. */
  readonly usage: string;
  /** Sentences on the input and output. */
  readonly inputAndOutput: string;
  readonly run?: RunConfig | undefined;
  readonly provenance?: Provenance | undefined;
  /** The validation of the checkpoint's epoch. */
  readonly validation?: ValidationLine | undefined;
  readonly evaluation?: EvaluationReport | undefined;
}

const number = (value: number): string => String(Number(value.toPrecision(4)));

function dataSection({ provenance, run }: CardFacts): string {
  const seed = run === undefined ? '' : `\nSeed of initialization, order, crops and dropout: ${run.seed}.\n`;
  if (!provenance) return `Not recorded: the run has no provenance.json.\n${seed}`;
  const rows = Object.entries(provenance.data.splits).map(([split, { studies, reports, ids }]) => `| ${split} | ${studies} | ${reports} | \`${ids}\` |`);
  return `Data set: ${provenance.data.name}.

| split | studies | reports | SHA-256 of the sorted study ids |
| --- | --- | --- | --- |
${rows.join('\n')}
${seed}`;
}

function trainingSection({ run, stage, preset }: CardFacts): string {
  if (!run) return `Preset ${preset}, stage ${stage}; the run's settings are not recorded.\n`;
  const initialization = (encoder: string) =>
    encoder === 'preset'
      ? 'random values'
      : encoder === 'none'
        ? 'nothing (trained without images)'
        : publishedName(encoder) !== undefined
          ? `a published checkpoint (${encoder.startsWith('hf://') ? encoder : encoder.slice(3).split('/').at(-1)})`
          : 'a module';
  const { learningRate, weightDecay, batch, accumulate } = stageSettings(run, stage);
  return `Preset ${preset}, up to stage ${stage}; AdamW, peak learning rate ${ratesInWords(learningRate)}, weight decay ${weightDecay}, batch ${batch} x ${accumulate}. Vision initialized from ${initialization(run.vision)}, text from ${initialization(run.text)}. Loss weights: ${weightsInWords(run)}.\n`;
}

/** How many questions are no zero-shot questions, in words. */
function supervisedWords({ zeroShot }: EvaluationReport): string {
  const count = zeroShot.filter((row) => row.supervised).length;
  return count === 0 ? ' (zero-shot)' : ` (${count} of them ${labelSupervised})`;
}

function metricsSection({ validation, evaluation }: CardFacts): string {
  const lines: string[] = [];
  if (validation) {
    const losses = Object.entries(validation.validation).flatMap(([name, value]) => (value === null ? [] : [`${name} ${number(value)}`]));
    lines.push(`Validation after epoch ${validation.epoch} of stage ${validation.stage}, nats per study: ${losses.join(', ')}.`);
  }
  if (evaluation) {
    const supervised = supervisedWords(evaluation);
    const { retrieval, zeroShot, meanAuc, text, studies, split } = evaluation;
    lines.push(`On ${studies} studies of the split "${split}":`);
    if (retrieval)
      lines.push(
        `- image to impression: ${Object.entries(retrieval.recall)
          .map(([k, { value, chance }]) => `${k} ${number(value)} (chance ${number(chance)})`)
          .join(', ')}`,
      );
    if (meanAuc !== undefined) lines.push(`- classification by prompts: mean AUC ${number(meanAuc)} over ${zeroShot.length} questions${supervised}`);
    lines.push(
      `- impressions from findings: BLEU-4 ${number(text.findings.bleu4)}, ROUGE-L ${number(text.findings.rougeL)}, CIDEr ${number(text.findings.cider)}`,
    );
  }
  return lines.length === 0 ? 'Not recorded.\n' : `${lines.join('\n')}\n`;
}

/** The card as Markdown with the hub's header. */
export function modelCard(facts: CardFacts): string {
  const { part, library, inputAndOutput, usage, version } = facts;
  return `---
library_name: ${library}
tags:
- radiology
- feature-extraction
---

# ${part === 'text' ? 'Text' : 'Image'} encoder pre-trained on chest radiographs and reports

The ${part} encoder of a HybridMED model (arXiv 2410.00448), pre-trained and saved with hybridmed ${version}. ${inputAndOutput}

\`\`\`python
${usage}
\`\`\`

## Data

${dataSection(facts)}
## Training

${trainingSection(facts)}
## Metrics

${metricsSection(facts)}
## Limits

Not a medical device: its output must not be used for the care of patients. It was trained on one data set of frontal views with English reports; it was not tested on radiographs from other machines, projections or populations and may fail on them. It inherits the biases of the reports. The licence of the data also applies to what is derived from it.
`;
}
