// The model card: what an encoder is, what it was trained on and how well, how to load it, and what it is not for.
import type { Provenance } from '@hybridmed/runtime/run';
import type { EvaluationReport } from '@hybridmed/tasks/node';
import type { ValidationLine } from '@hybridmed/training';
import type { RunConfig } from '@hybridmed/training/settings';

/** What is known of a checkpoint's making. Files of a run that are gone leave gaps, which the card names. */
export interface CardFacts {
  readonly part: 'vision' | 'text';
  readonly preset: string;
  readonly stage: 1 | 2;
  readonly version: string;
  /** Lines of Python that load the folder. */
  readonly usage: string;
  /** What goes in and comes out, in a sentence each. */
  readonly input: string;
  readonly run?: RunConfig | undefined;
  readonly provenance?: Provenance | undefined;
  /** The validation of the checkpoint's epoch. */
  readonly validation?: ValidationLine | undefined;
  readonly evaluation?: EvaluationReport | undefined;
}

const number = (value: number): string => String(Number(value.toPrecision(4)));

function dataSection({ provenance, run }: CardFacts): string {
  const seed = run === undefined ? '' : `\nSeed of start values, order, crops and dropout: ${run.seed}.\n`;
  if (!provenance) return `Not recorded: the run's provenance.json is not there.\n${seed}`;
  const rows = Object.entries(provenance.data.splits).map(([split, { studies, reports, ids }]) => `| ${split} | ${studies} | ${reports} | \`${ids}\` |`);
  return `Data set: ${provenance.data.name}.

| split | studies | reports | SHA-256 of the sorted study ids |
| --- | --- | --- | --- |
${rows.join('\n')}
${seed}`;
}

function trainingSection({ run, stage, preset }: CardFacts): string {
  if (!run) return `Preset ${preset}, stage ${stage}; the run's settings are not recorded.\n`;
  const begun = (encoder: string) =>
    encoder === 'preset' ? 'start values' : encoder.startsWith('hf:') ? `a published checkpoint (${encoder.slice(3).split('/').at(-1)})` : 'a module';
  return `Preset ${preset}, up to stage ${stage}; AdamW, peak learning rate ${run.learningRate}, weight decay ${run.weightDecay}, batch ${run.batch} x ${run.accumulate}. Vision began from ${begun(run.vision)}, text from ${begun(run.text)}. Loss weights: cg ${run.cg}, cl ${run.cl}, sum ${run.sum}, cap ${run.cap}, dis ${run.dis}.\n`;
}

function metricsSection({ validation, evaluation }: CardFacts): string {
  const lines: string[] = [];
  if (validation) {
    const losses = Object.entries(validation.validation).flatMap(([name, value]) => (value === null ? [] : [`${name} ${number(value)}`]));
    lines.push(`Validation after epoch ${validation.epoch} of stage ${validation.stage}, nats per study: ${losses.join(', ')}.`);
  }
  if (evaluation) {
    const { retrieval, zeroShot, meanAuc, text, studies, split } = evaluation;
    lines.push(`On ${studies} studies of the split "${split}":`);
    if (retrieval)
      lines.push(
        `- image to impression: ${Object.entries(retrieval.recall)
          .map(([k, { value, chance }]) => `${k} ${number(value)} (chance ${number(chance)})`)
          .join(', ')}`,
      );
    if (meanAuc !== undefined) lines.push(`- zero-shot classification: mean AUC ${number(meanAuc)} over ${zeroShot.length} questions`);
    lines.push(
      `- impressions from findings: BLEU-4 ${number(text.findings.bleu4)}, ROUGE-L ${number(text.findings.rougeL)}, CIDEr ${number(text.findings.cider)}`,
    );
  }
  return lines.length === 0 ? 'Not recorded.\n' : `${lines.join('\n')}\n`;
}

/** The card as Markdown with the hub's header. */
export function modelCard(facts: CardFacts): string {
  const { part, input, usage, version } = facts;
  return `---
library_name: ${part === 'text' ? 'transformers' : 'timm'}
tags:
- radiology
- feature-extraction
---

# ${part === 'text' ? 'Text' : 'Image'} encoder pre-trained on chest radiographs and reports

The ${part} encoder of a HybridMED model (arXiv 2410.00448), pre-trained and saved with hybridmed ${version}. ${input}

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

Not a medical device: its output must not be used for the care of patients. It has seen one data set, frontal views and English reports of it; films of other machines, projections or populations may be read wrongly, and nothing here was tested on them. Biases of the reports are the model's. The licence of the data binds what is made of it.
`;
}
