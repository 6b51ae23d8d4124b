// The parts of a model that can leave it, each as graphs with its own inputs and outputs.
import { decodeGraph, prefillGraph } from '@hybridmed/decoder';
import type { Graph } from '@hybridmed/tensor';
import { imageFeatureGraph, partialMemoryGraph, textFeatureGraph } from '../graphs/features.ts';
import type { Model } from '../model/model.ts';
import type { PartName } from '../model/parts.ts';

/**
 * The graphs of a part by name. Parameters are state entries under their checkpoint names.
 * - `vision`: `encoder`: image -> `tokens` (B, N, Dv), `global` (B, Dv).
 * - `text`: `encoder`: ids, mask -> `tokens` (B, L, Dt), `global` (B, Dt), `importance` (B, L) where the encoder has it.
 * - `align`: `image`: image -> unit vectors `embedding` (B, d) and `patches` (B, N, d); `text`: ids, mask -> `embedding`, `words` (B, L, d), `importance`.
 * - `caption`, `summarize`: `encoder`: image, or ids and mask -> `memory` (B, S, D); `prefill` and `decode` as in `@hybridmed/decoder`.
 * - `removal`: `encoder`: one image and patch_mask (B, N) -> `memory` (B, N, D), for an encoder that can leave patches out.
 */
export function partGraphs(model: Model, part: PartName): Readonly<Record<string, Graph>> {
  const { decoder } = model;
  switch (part) {
    case 'vision':
      return { encoder: imageFeatureGraph(model, ['tokens', 'global']) };
    case 'text':
      return { encoder: textFeatureGraph(model, ['tokens', 'global', 'importance']) };
    case 'align':
      return { image: imageFeatureGraph(model, ['embedding', 'patches']), text: textFeatureGraph(model, ['embedding', 'words', 'importance']) };
    case 'caption':
      return {
        encoder: imageFeatureGraph(model, ['memory']),
        prefill: prefillGraph({ decoder, branch: 'image' }),
        decode: decodeGraph({ decoder, branch: 'image' }),
      };
    case 'summarize':
      return {
        encoder: textFeatureGraph(model, ['memory']),
        prefill: prefillGraph({ decoder, branch: 'findings', masked: true }),
        decode: decodeGraph({ decoder, branch: 'findings', masked: true }),
      };
    case 'removal':
      return { encoder: partialMemoryGraph(model) };
  }
}
