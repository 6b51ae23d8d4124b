// The parts of a model that can leave it, each as graphs with its own inputs and outputs.
import { decodeGraph, prefillGraph } from '@hybridmed/decoder';
import type { Scope } from '@hybridmed/nn';
import { normalize, rootScope } from '@hybridmed/nn';
import type { Graph, Tensor, Tensors, TensorSpec } from '@hybridmed/tensor';
import { trace } from '@hybridmed/tensor';
import { batchSpecs } from '../graphs/batch.ts';
import { parameterSpecs } from '../graphs/parameter-specs.ts';
import type { Model } from '../model/model.ts';
import type { PartName } from './manifest.ts';

const idsSpec: TensorSpec = { shape: ['B', 'L'], dtype: 'i32' };
const maskSpec: TensorSpec = { shape: ['B', 'L'], dtype: 'f32' };

/** A graph over images (B, C, H, W), with the parameters under some prefixes as state. */
function imageGraph(model: Model, prefixes: readonly string[], results: (image: Tensor, scope: Scope) => Tensors): Graph {
  return trace({ data: { image: batchSpecs(model).image }, state: parameterSpecs(model, prefixes) }, ({ image }, state) => ({
    results: results(image!, rootScope(state)),
  }));
}

/** A graph over texts: `ids` (B, L) and `mask` (B, L), 1 for real tokens. */
function textGraph(model: Model, prefixes: readonly string[], results: (ids: Tensor, mask: Tensor, scope: Scope) => Tensors): Graph {
  return trace({ data: { ids: idsSpec, mask: maskSpec }, state: parameterSpecs(model, prefixes) }, (data, state) => ({
    results: results(data.ids!, data.mask!, rootScope(state)),
  }));
}

const importanceOf = ({ importance }: { readonly importance?: Tensor }): Tensors => (importance ? { importance } : {});

/**
 * The graphs of a part by name. Parameters are state entries under their checkpoint names.
 * - `vision`: `encoder`: image -> `tokens` (B, N, Dv), `global` (B, Dv).
 * - `text`: `encoder`: ids, mask -> `tokens` (B, L, Dt), `global` (B, Dt), `importance` (B, L) where the encoder has it.
 * - `align`: `image`: image -> unit vectors `embedding` (B, d) and `patches` (B, N, d); `text`: ids, mask -> `embedding`, `words` (B, L, d), `importance`.
 * - `caption`, `summarize`: `encoder`: image, or ids and mask -> `memory` (B, S, D); `prefill` and `decode` as in `@hybridmed/decoder`.
 */
export function partGraphs(model: Model, part: PartName): Readonly<Record<string, Graph>> {
  const encodeImage = (image: Tensor, scope: Scope) => model.vision.call(scope.child('vision'), image);
  const encodeText = (tokens: Tensor, mask: Tensor, scope: Scope) => model.text.call(scope.child('text'), tokens, mask);
  switch (part) {
    case 'vision':
      return {
        encoder: imageGraph(model, ['vision.'], (image, scope) => {
          const { tokens, global } = encodeImage(image, scope);
          return { tokens, global };
        }),
      };
    case 'text':
      return {
        encoder: textGraph(model, ['text.'], (tokens, mask, scope) => {
          const features = encodeText(tokens, mask, scope);
          return { tokens: features.tokens, global: features.global, ...importanceOf(features) };
        }),
      };
    case 'align':
      return {
        image: imageGraph(model, ['vision.', 'align.'], (image, scope) => {
          const features = encodeImage(image, scope);
          const align = scope.child('align');
          return { embedding: normalize(model.align.projectImage(align, features)), patches: normalize(model.align.projectPatches(align, features)) };
        }),
        text: textGraph(model, ['text.', 'align.'], (tokens, mask, scope) => {
          const features = encodeText(tokens, mask, scope);
          const align = scope.child('align');
          const words = normalize(model.align.projectWords(align, features));
          return { embedding: normalize(model.align.projectText(align, features)), words, ...importanceOf(features) };
        }),
      };
    case 'caption':
      return {
        encoder: imageGraph(model, ['vision.'], (image, scope) => ({ memory: encodeImage(image, scope).tokens })),
        prefill: prefillGraph({ decoder: model.decoder, branch: 'image' }),
        decode: decodeGraph({ decoder: model.decoder, branch: 'image' }),
      };
    case 'summarize':
      return {
        encoder: textGraph(model, ['text.'], (tokens, mask, scope) => ({ memory: encodeText(tokens, mask, scope).tokens })),
        prefill: prefillGraph({ decoder: model.decoder, branch: 'findings', masked: true }),
        decode: decodeGraph({ decoder: model.decoder, branch: 'findings', masked: true }),
      };
  }
}
