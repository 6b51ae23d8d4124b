// What convolutional encoders have in common: a chain of a stem, blocks and perhaps a head over feature maps, the last of which gives the features.
import type { EncoderLayer, Module, VisionChain, VisionEncoder } from '@hybridmed/nn';
import { collect } from '@hybridmed/nn';
import type { Tensor } from '@hybridmed/tensor';
import { callChain } from './chain.ts';
import { featureMap } from './feature-map.ts';
import type { ImageInput } from './image-input.ts';

/** Runs the part of this name on a map. */
export type RunPart = (name: string, h: Tensor) => Tensor;

/** Some parts that are one layer of the chain, and what they make of what comes before. */
interface JoinedParts {
  readonly parts: readonly string[];
  call(run: RunPart, h: Tensor): Tensor;
}

/** A convolutional encoder: all its parts by name, and which of them are its stem, its blocks in order, and what comes after these. */
export interface Convolutional {
  readonly config: ImageInput;
  readonly parts: Readonly<Record<string, Module>>;
  readonly stem: JoinedParts;
  readonly blocks: readonly string[];
  readonly head?: JoinedParts;
  /** Channels and side of the last map. */
  readonly width: number;
  readonly side: number;
}

/** The encoder: images (B, C, H, W) -> the last map as tokens (B, side^2, width) and its mean (B, width). */
export function convolutionalEncoder({ config, parts, stem, blocks, head, width, side }: Convolutional): VisionEncoder {
  const layer = (name: string, joined: JoinedParts): EncoderLayer => ({
    name,
    parameters: collect(Object.fromEntries(joined.parts.map((part) => [part, parts[part]!]))),
    call: (scope, h) => joined.call((part, value) => parts[part]!.call(scope.child(part), value), h),
  });
  const block = (name: string): EncoderLayer => {
    const { parameters, call } = layer(name, { parts: [name], call: (run, h) => run(name, h) });
    return { name, parameters, call: (scope, h) => scope.layer(() => call(scope, h)) };
  };
  const chain: VisionChain = {
    layers: [layer('stem', stem), ...blocks.map(block), ...(head ? [layer('head', head)] : [])],
    features: (_, h) => featureMap(h),
  };
  return {
    width,
    tokenCount: side * side,
    image: { size: config.imageSize, channels: config.channels },
    parameters: collect(parts),
    chain,
    call: callChain(chain),
  };
}
