// A labeller of reports from a published folder: a BERT with CheXbert's heads, run on a device; what its classes count for is eval's.
import { prepareTexts } from '@hybridmed/data/browser';
import { chexbertHeads, chexbertPredictions } from '@hybridmed/eval/labeller';
import { parameterSpecs, rootScope } from '@hybridmed/nn';
import { readTokenizer } from '@hybridmed/runtime';
import { pretrainedHeads } from '@hybridmed/runtime/encoders';
import type { Device, HostArray } from '@hybridmed/tensor';
import { HybridmedError, trace } from '@hybridmed/tensor';
import { bertHeads } from '@hybridmed/text';
import { inLengthBatches } from './length-batches.ts';

/** An open labeller; to be closed. */
export interface BertLabeller {
  /** The folder. */
  readonly label: string;
  /** Logits of all heads side by side, (texts, 54). */
  logits(texts: readonly string[]): Promise<HostArray>;
  /** The class of each of CheXbert's fourteen labels, (texts, 14), in the order of `chexbertLabels`. */
  classes(texts: readonly string[]): Promise<number[][]>;
  close(): void;
}

// CheXbert's own limit: longer texts lose their end.
const mostTokens = 512;

/**
 * Opens a folder with config.json, a tokenizer and `model.safetensors` of CheXbert's layout: a BERT and `linear_heads.0` to
 * `linear_heads.13`, each on the state at [CLS]. Texts are read as CheXbert reads them: white space as single spaces, lower case where
 * the vocabulary has no capitals, 512 tokens at most. Throws one line for a folder that is none, or of other heads.
 */
export async function openBertLabeller(folder: string, device: Device): Promise<BertLabeller> {
  const { config, load } = await pretrainedHeads(folder);
  if (config.heads.join() !== chexbertHeads.join())
    throw new HybridmedError(
      `${folder}: has ${config.heads.length} heads of ${config.heads.slice(0, 20).join(', ')} classes; CheXbert's are 13 of 4 (blank, positive, negative, uncertain) and one of 2`,
    );
  const tokenizer = await readTokenizer(folder);
  const [module, parameters] = [bertHeads(config), await load()];
  const data = { ids: { shape: ['B', 'L'], dtype: 'i32' }, mask: { shape: ['B', 'L'], dtype: 'f32' } } as const;
  const graph = trace({ data, state: parameterSpecs(module.parameters) }, ({ ids, mask }, state) => ({
    results: { logits: module.call(rootScope(state), ids!, mask!) },
  }));
  const program = await device.compile(graph);
  const state = device.createState(parameters);
  const maxTokens = Math.min(mostTokens, config.bert.positions);
  const width = chexbertHeads.reduce((a, b) => a + b, 0);
  const logits = async (texts: readonly string[]): Promise<HostArray> => {
    const all = new Float32Array(texts.length * width);
    await inLengthBatches(texts, async (batch) => {
      const { data: values } = (
        await program.run(
          prepareTexts(
            tokenizer,
            batch.map((i) => texts[i]!),
            maxTokens,
          ),
          state,
        )
      ).logits!;
      batch.forEach((i, row) => all.set(values.subarray(row * width, (row + 1) * width), i * width));
    });
    return { data: all, shape: [texts.length, width] };
  };
  return {
    label: folder,
    logits,
    async classes(texts) {
      // Baselines write one text for many studies.
      const distinct = [...new Set(texts)];
      const { data: values, shape } = await logits(distinct);
      const byText = new Map(chexbertPredictions({ data: values as Float32Array, shape }).map((classes, i) => [distinct[i]!, classes]));
      return texts.map((text) => byText.get(text)!);
    },
    close() {
      program.release?.();
      state.drop();
    },
  };
}
