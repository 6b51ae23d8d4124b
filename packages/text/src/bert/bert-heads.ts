// A BERT with linear heads on its [CLS] state, as CheXbert's labeller has one a label [Smit et al. 2020]: the module, and its recognition in a checkpoint.
import type { Module, ParameterSpecs } from '@hybridmed/nn';
import { collect, linear } from '@hybridmed/nn';
import type { Recipe, Recipes, TensorShapes } from '@hybridmed/nn/weights';
import { WeightsError } from '@hybridmed/nn/weights';
import type { Tensor } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';
import type { BertConfig } from './bert.ts';
import { bert } from './bert.ts';
import type { BertWeightsOptions } from './bert-weights.ts';
import { bertWeights } from './bert-weights.ts';

/** Sizes of a BERT with heads: how many classes each has. */
export interface BertHeadsConfig {
  readonly bert: BertConfig;
  readonly heads: readonly number[];
}

const headName = (head: number): string => `linear_heads.${head}`;

/** ids (B, L) i32 and mask (B, L) -> logits of all heads side by side, (B, sum of classes): each linear in the hidden state at [CLS]. */
export function bertHeads({ bert: config, heads }: BertHeadsConfig): Module<readonly [ids: Tensor, mask: Tensor]> {
  const encoder = bert({ ...config, pooling: 'cls' });
  const parts = heads.map((classes) => linear({ inputs: config.width, outputs: classes }));
  const parameters: ParameterSpecs = collect(Object.fromEntries(parts.map((part, head) => [headName(head), part])), encoder.parameters);
  return {
    parameters,
    call(scope, ids, mask) {
      const { global } = encoder.call(scope, ids, mask);
      return ops.concat(
        parts.map((part, head) => part.call(scope.child(headName(head)), global)),
        -1,
      );
    },
  };
}

const headTensor = /^(.*\.)?linear_heads\.(\d{1,6})\.(weight|bias)$/;

// Labels of a report are some dozens; a head's number is not trusted to make a list of it.
const mostHeads = 1000;

/** Classes of each head and where its tensors lie. Throws a WeightsError where heads are missing, doubled or of another width. */
function headsOf(shapes: TensorShapes, width: number, label: string): { heads: number[]; recipes: Recipes } {
  const recipes: Record<string, Recipe> = {};
  for (const name of Object.keys(shapes)) {
    const match = headTensor.exec(name);
    if (!match) continue;
    const own = `${headName(Number(match[2]))}.${match[3]}`;
    if (recipes[own]) throw new WeightsError(`${label}: "${recipes[own].from[0]}" and "${name}" are one parameter; keep one of them`);
    recipes[own] = { from: [name] };
  }
  const count = Object.keys(recipes).filter((name) => name.endsWith('.weight')).length;
  if (count === 0) throw new WeightsError(`${label}: has no tensors "linear_heads.N.weight", as CheXbert's has one a label; name a checkpoint of a labeller`);
  if (count > mostHeads) throw new WeightsError(`${label}: has ${count} heads; this loads ${mostHeads} at most`);
  const heads = Array.from({ length: count }, (_, head) => {
    const tensors = (['weight', 'bias'] as const).map((kind) => {
      const tensor = recipes[`${headName(head)}.${kind}`]?.from[0];
      if (tensor === undefined) throw new WeightsError(`${label}: has no ${headName(head)}.${kind} though ${count} heads; the checkpoint is cut short`);
      return shapes[tensor]!;
    });
    const [weight, bias] = tensors;
    const [classes] = weight!;
    if (weight!.length !== 2 || weight![1] !== width || classes! < 1 || bias!.length !== 1 || bias![0] !== classes)
      throw new WeightsError(
        `${label}: ${headName(head)} has a weight [${weight!.join(', ')}] and a bias [${bias!.join(', ')}]; a BERT of width ${width} needs [classes, ${width}] and [classes]`,
      );
    return classes!;
  });
  return { heads, recipes };
}

/**
 * Recognizes a BERT with heads, each under any prefix (`bert.` and `linear_heads.` as CheXbert saves them, `module.` before both). Returns
 * our configuration and recipes for `loadWeights`. Throws a WeightsError where the BERT or its heads are not there, or do not fit.
 */
export function bertHeadsWeights(
  shapes: TensorShapes,
  options: Pick<BertWeightsOptions, 'config' | 'configLabel' | 'label'>,
): { config: BertHeadsConfig; recipes: Recipes } {
  const { config, recipes } = bertWeights(shapes, options);
  const own = headsOf(shapes, config.width, options.label ?? 'checkpoint');
  return { config: { bert: config, heads: own.heads }, recipes: { ...recipes, ...own.recipes } };
}
