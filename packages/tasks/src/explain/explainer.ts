// Maps of where a model looks on one image, of the kinds in the options, on any device.
import type { Checkpoint, Generator, Model } from '@hybridmed/model';
import { createGenerator } from '@hybridmed/model';
import type { Device, DeviceState, HostArray } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import { openGradient } from './gradient-map.ts';
import { guidedMap, smoothGradient } from './guided-map.ts';
import { pairArrays } from './log-odds.ts';
import type { ImageMaps, MapKind } from './maps.ts';
import { mapKinds } from './maps.ts';
import { openRemoval } from './removal-map.ts';
import { openAttentionMaps } from './word-maps.ts';
import { wordsOf } from './words.ts';

/** Makes maps of images that are prepared for the model, (1, C, S, S). */
export interface Explainer {
  /** The kinds it makes. */
  readonly kinds: readonly MapKind[];
  /** Maps of one image for a text, compared with `against` where that is given. Throws one line for a text without a word. */
  maps(image: HostArray, text: string, against?: string): Promise<ImageMaps>;
  /** The impression that the image branch writes from an image. */
  impression(image: HostArray): Promise<string>;
  /** Releases its programs; the state stays. */
  release(): void;
}

/** The text to compare with by default. */
export const normalText = 'No acute cardiopulmonary abnormality.';

/** Options. */
export interface ExplainerOptions {
  /** Kinds of map, or `all` that the encoder allows; by default the one that points best. */
  readonly kinds?: readonly MapKind[] | 'all';
  /** Temperature of the local alignment. */
  readonly tau?: number;
  /** The text that `guided`, `removal` and `gradient` compare with. */
  readonly against?: string;
}

/** Kinds that need an encoder that can leave patches out. */
const needsRemoval: readonly MapKind[] = ['guided', 'removal'];

function chooseKinds(folder: string, { vision }: Model, kinds: ExplainerOptions['kinds']): readonly MapKind[] {
  const possible = mapKinds.filter((kind) => vision.partial !== undefined || !needsRemoval.includes(kind));
  if (kinds === 'all') return possible;
  if (kinds === undefined) return possible.slice(0, 1);
  const wrong = kinds.find((kind) => !possible.includes(kind));
  if (wrong !== undefined)
    throw new HybridmedError(`${folder}: its vision encoder cannot leave patches out, which maps of kind "${wrong}" need; choose "gradient"`);
  return mapKinds.filter((kind) => kinds.includes(kind));
}

/**
 * Compiles what maps need on a device whose state holds a checkpoint's parameters. `folder` is for messages. Throws one line for a checkpoint
 * of stage 1, whose patches do not form a square, or whose encoder does not allow a kind.
 */
export async function createExplainer(
  device: Device,
  state: DeviceState,
  { folder, model, tokenizer, config }: Omit<Checkpoint, 'parameters'> & { readonly folder: string },
  { kinds: chosenKinds, tau = 0.1, against = normalText }: ExplainerOptions = {},
): Promise<Explainer> {
  if (config.stage === 1) throw new HybridmedError(`${folder}: is of stage 1, whose image branch is not trained; name a stage-2 checkpoint`);
  const side = Math.round(Math.sqrt(model.vision.tokenCount));
  if (side * side !== model.vision.tokenCount) throw new HybridmedError(`${folder}: its ${model.vision.tokenCount} patches form no square; maps need one`);
  const kinds = chooseKinds(folder, model, chosenKinds);
  const any = (...some: readonly MapKind[]) => some.some((kind) => kinds.includes(kind));
  const removal = any('guided', 'removal') ? await openRemoval(device, state, model, side) : undefined;
  const gradient = any('guided', 'gradient') ? await openGradient(device, state, model) : undefined;
  const textLength = config.input.findingsLength;
  const words = any('alignment', 'attention', 'cls') ? await openAttentionMaps(device, state, { model, tokenizer, side, tau, textLength }) : undefined;
  const maxTokens = Math.min(config.input.impressionLength, model.decoder.config.positions);
  let generator: Promise<Generator> | undefined;
  const write = async (image: HostArray): Promise<readonly number[]> => {
    generator ??= createGenerator(device, state, model, 'image', { maxTokens });
    return (await (await generator).generate({ image }))[0]!.ids;
  };
  return {
    kinds,
    async maps(image, text, contrast = against) {
      if (wordsOf(tokenizer, tokenizer.encode(text, textLength)).length === 0)
        throw new HybridmedError(`"${text}" holds no word; give --text something to look for`);
      const pair = pairArrays(tokenizer, text, contrast, maxTokens);
      const [removalMap, gradientMap] = [await removal?.map(image, pair), await gradient?.map(image, pair)];
      const alignmentMaps = any('alignment', 'cls') ? await words!.alignment(image, text) : undefined;
      return {
        ...(any('guided') ? { guided: guidedMap(removalMap!, gradientMap!) } : {}),
        ...(any('removal') ? { removal: removalMap! } : {}),
        ...(any('gradient') ? { gradient: smoothGradient(gradientMap!) } : {}),
        ...(any('alignment') ? { alignment: alignmentMaps!.alignment } : {}),
        ...(any('attention') ? { attention: await words!.attention(image, await write(image)) } : {}),
        ...(any('cls') && alignmentMaps!.cls ? { cls: alignmentMaps!.cls } : {}),
      };
    },
    impression: async (image) => tokenizer.decode([...(await write(image))]),
    release() {
      for (const part of [removal, gradient, words]) part?.release();
    },
  };
}
