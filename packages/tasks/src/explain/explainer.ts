// Maps of where a model looks on one image, of the kinds in the options, whoever computes it.
import type { ModelSession } from '@hybridmed/model/session';
import type { HostArray } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import type { AttentionMaps } from './attention-maps.ts';
import { openAttentionMaps } from './attention-maps.ts';
import { openGradient } from './gradient-map.ts';
import { guidedMap, smoothGradient } from './guided-map.ts';
import { chooseKinds } from './kinds.ts';
import { textPair } from './log-odds.ts';
import type { ImageMaps, MapKind } from './maps.ts';
import { removalMap } from './removal-map.ts';
import { alignmentMaps } from './word-maps.ts';
import { wordsOf } from './words.ts';

/** Makes maps of images that are prepared for the model, (1, C, S, S). */
export interface Explainer {
  /** The kinds it makes. */
  readonly kinds: readonly MapKind[];
  /** Maps of one image for a text, compared with `against` where that is given. Throws one line for a text without a word. */
  maps(image: HostArray, text: string, against?: string): Promise<ImageMaps>;
  /** Releases its programs; the model stays open. */
  release(): void;
}

/** The text to compare with by default. */
export const normalText = 'No acute cardiopulmonary abnormality.';

/** Options. */
export interface ExplainerOptions {
  /** Kinds of map, or `all` that the model allows; by default the one of them that points best. */
  readonly kinds?: readonly MapKind[] | 'all';
  /** Temperature of the local alignment. */
  readonly tau?: number;
  /** The text that `guided`, `removal` and `gradient` compare with. */
  readonly against?: string;
}

/** The side of the square that a model's patches form. Throws one line where they form none. */
function sideOf({ info: { source, patches = 0 } }: ModelSession): number {
  const side = Math.round(Math.sqrt(patches));
  if (patches === 0 || side * side !== patches) throw new HybridmedError(`${source}: its ${patches} patches form no square; maps need one`);
  return side;
}

/** Maps from attention, of a model that gives it. */
async function attentionOf(model: ModelSession, attention: AttentionMaps, image: HostArray) {
  const [text] = await model.generate({ image });
  return attention.cross(image, text!.ids);
}

/** Prepares maps of a model. Throws one line for a model whose patches form no square, and a SessionError where it does not allow a kind. */
export function createExplainer(model: ModelSession, { kinds: chosenKinds, tau = 0.1, against = normalText }: ExplainerOptions = {}): Explainer {
  const { tokenizer, info, traced } = model;
  const kinds = chooseKinds(model, chosenKinds);
  const side = sideOf(model);
  const any = (...some: readonly MapKind[]) => some.some((kind) => kinds.includes(kind));
  const gradient = traced && any('guided', 'gradient') ? openGradient(traced) : undefined;
  const attention = traced && any('attention', 'cls') ? openAttentionMaps(traced, side) : undefined;
  return {
    kinds,
    async maps(image, text, contrast = against) {
      if (wordsOf(tokenizer, tokenizer.encode(text, info.findingsLength)).length === 0)
        throw new HybridmedError(`"${text}" holds no word; give --text something to look for`);
      const pair = textPair(tokenizer, text, contrast, info.maxTokens);
      const [removal, gradientMap] = [any('guided', 'removal') ? await removalMap(model, image, pair, side) : undefined, await gradient?.map(image, pair)];
      const cls = any('cls') ? await attention!.cls(image) : undefined;
      return {
        ...(any('guided') ? { guided: guidedMap(removal!, gradientMap!) } : {}),
        ...(any('removal') ? { removal: removal! } : {}),
        ...(any('gradient') ? { gradient: smoothGradient(gradientMap!) } : {}),
        ...(any('alignment') ? { alignment: await alignmentMaps(model, image, text, { side, tau }) } : {}),
        ...(any('attention') ? { attention: await attentionOf(model, attention!, image) } : {}),
        ...(cls ? { cls } : {}),
      };
    },
    release() {
      for (const part of [gradient, attention]) part?.release();
    },
  };
}
