// `hybridmed evaluate`: metrics of a checkpoint on a held-out split, compared with baselines.
import type { Values } from '@hybridmed/training/options';
import { integer, option, publishedName, string, toggle } from '@hybridmed/training/options';
import { defineCommand } from '../define-command.ts';
import { loggedSelection, selectionOptions } from '../options/data-selection.ts';
import { modelOption, openingOptions, withModel } from '../options/model.ts';
import { commandPart, partOptions, printPart } from '../options/parts.ts';
import { jsonOption, limitOption, precisionOption, splitOption } from '../options/shared.ts';
import { printResult } from '../output.ts';

const options = {
  ...selectionOptions,
  ...modelOption,
  data: option({ value: string(), argument: 'spec', help: 'data set as name:path', required: true }),
  ...splitOption,
  ...limitOption,
  likelihoodRatio: option({
    value: toggle(),
    help: 'choose a likelihood ratio on the validation split now, and write by it in place of the one that the checkpoint may have',
    default: false,
  }),
  bertscore: option({ value: string(), argument: 'source', help: 'also BERTScore of the impressions, by a published BERT: hf:FOLDER or hf://org/name' }),
  bertscoreLayer: option({ value: integer(1), argument: 'n', help: 'layer whose hidden states BERTScore compares', defaultWords: 'the last' }),
  bertscoreIdf: option({ value: toggle(), help: 'weigh word pieces in BERTScore by their inverse document frequencies', default: false }),
  labeller: option({ value: string(), argument: 'source', help: "also F1 over 14 and 5 labels, by a BERT with CheXbert's heads: hf:FOLDER or hf://org/name" }),
  ...openingOptions,
  ...precisionOption,
  ...partOptions,
  ...jsonOption,
};

/** Why a combination of flags is refused, or undefined. */
function problemOf({ bertscore, bertscoreLayer, bertscoreIdf, labeller }: Values<typeof options>): string | undefined {
  for (const [flag, source] of Object.entries({ '--bertscore': bertscore, '--labeller': labeller }))
    if (source !== undefined && !/^hf:./.test(source)) return `write hf: and a folder, as in ${flag} hf:${source.replace(/^hf:/, '') || 'FOLDER'}`;
  return bertscore === undefined && (bertscoreLayer !== undefined || bertscoreIdf)
    ? 'give --bertscore hf:FOLDER with --bertscore-layer and --bertscore-idf'
    : undefined;
}

/** The command. */
export const evaluate = defineCommand({
  name: 'evaluate',
  description: 'evaluate a checkpoint on a split: texts compared with baselines, retrieval, zero-shot, losses',
  examples: {
    'evaluate --checkpoint runs/openi --data openi:DIR': '',
    'evaluate --checkpoint runs/openi --data openi:DIR --bertscore hf:DIR --labeller hf:DIR': 'metrics of published networks',
  },
  options,
  async run({ values, output, openDevice, usage }) {
    const { data, split, limit, bertscore, bertscoreLayer, bertscoreIdf, labeller } = values;
    const problem = problemOf(values);
    if (problem !== undefined) usage(problem);
    const place = await commandPart(values, usage);
    const [tasks, { writeEvaluationPart }, { formatEvaluation }] = await Promise.all([
      import('@hybridmed/tasks/node'),
      import('@hybridmed/tasks/parts'),
      import('../evaluation-tables.ts'),
    ]);
    const metrics = {
      bertScore: bertscore === undefined ? undefined : { folder: publishedName(bertscore)!, layer: bertscoreLayer, idf: bertscoreIdf },
      labeller: labeller === undefined ? undefined : publishedName(labeller),
    };
    const { likelihoodRatio } = values;
    await withModel({ values, openDevice }, async (model, device) => {
      const select = loggedSelection(values, output);
      const measured = { model, data, split, limit, likelihoodRatio, select, device, onMessage: (line: string) => output.log(line) };
      if (place) printPart(output, values, place, await writeEvaluationPart({ ...place, published: metrics }, measured));
      else printResult(output, values, await tasks.evaluate({ ...measured, ...metrics }), formatEvaluation);
    });
  },
});
