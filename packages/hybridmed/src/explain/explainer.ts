// A checkpoint ready to show where it looks: maps over the patches of one film, word by word.
import type { Device, HostArray } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import { createGenerator } from '../generation/generator.ts';
import type { Checkpoint } from '../node/checkpoint/checkpoint.ts';
import { loadCheckpoint, resolveCheckpoint } from '../node/checkpoint/checkpoint.ts';
import { prepareImages, prepareTexts } from '../node/checkpoint/writer.ts';
import { gradientMap, openGradient } from './gradient.ts';
import { alignmentMapGraph, crossAttentionGraph } from './graphs.ts';
import { wordsOf } from './words.ts';

/** How a map can be made. */
export const mapKinds = ['alignment', 'attention', 'cls', 'gradient'] as const;

/** Name of a kind of map. */
export type MapKind = (typeof mapKinds)[number];

/** A map over the patches (or pixels) that the encoder sees, row by row, side x side; not negative. */
export interface PatchMap {
  readonly side: number;
  readonly values: Float64Array;
}

/** A text's maps: of each word, and of them all together (their mean). */
export interface TextMaps {
  readonly text: string;
  readonly words: readonly { readonly word: string; readonly map: PatchMap }[];
  readonly whole: PatchMap;
}

/** Where a model looks on one film. */
export interface FilmMaps {
  /** Each word of the given text against the patches. */
  readonly alignment: TextMaps;
  /** The image branch's cross-attention as it writes its impression. */
  readonly attention: TextMaps;
  /** The class token's attention; absent for an encoder without one. */
  readonly cls?: PatchMap;
  /** How much each pixel would change the film's likeness to the text, against that to a normal film's impression. */
  readonly gradient: PatchMap;
}

/** Makes maps. */
export interface Explainer {
  readonly folder: string;
  readonly checkpoint: Checkpoint;
  /** Maps of one film for a text. Throws one line for an unreadable film, or a text without a word. */
  film(file: string, text: string): Promise<FilmMaps>;
  close(): void;
}

const meanMap = (side: number, rows: readonly Float64Array[]): PatchMap => ({
  side,
  values: Float64Array.from({ length: side * side }, (_, i) => rows.reduce((sum, row) => sum + row[i]!, 0) / Math.max(1, rows.length)),
});

const rowOf = ({ data, shape }: HostArray, row: number): Float64Array => Float64Array.from(data.subarray(row * shape.at(-1)!, (row + 1) * shape.at(-1)!));

/** What a text is compared with where nothing else is said. */
export const normalText = 'No acute cardiopulmonary abnormality.';

/** Options: the temperature of the local alignment, and the text that `gradient` compares with. */
export interface ExplainerOptions {
  readonly tau?: number;
  readonly against?: string;
}

/** Loads a checkpoint (or a run's best one). Throws one line for one of stage 1, or whose patches do not form a square. */
export async function openExplainer(path: string, device: Device, { tau = 0.1, against = normalText }: ExplainerOptions = {}): Promise<Explainer> {
  const folder = await resolveCheckpoint(path);
  const checkpoint = await loadCheckpoint(folder);
  const { model, tokenizer, config } = checkpoint;
  if (config.stage === 1) throw new HybridmedError(`${folder}: is of stage 1, whose image branch is not trained; name a stage-2 checkpoint`);
  const side = Math.round(Math.sqrt(model.vision.tokenCount));
  if (side * side !== model.vision.tokenCount) throw new HybridmedError(`${folder}: its ${model.vision.tokenCount} patches form no square; maps need one`);
  const state = device.createState(checkpoint.parameters);
  const [align, cross] = [await device.compile(alignmentMapGraph(model, tau)), await device.compile(crossAttentionGraph(model))];
  const gradient = await openGradient(device, state, model);
  const compared = prepareTexts(tokenizer, [against], config.input.impressionLength);
  const maxTokens = Math.min(config.input.impressionLength, model.decoder.config.positions);
  const generator = await createGenerator(device, state, model, 'image', { maxTokens });
  const textMaps = (text: string, ids: readonly number[], map: (place: number) => Float64Array): TextMaps => {
    const words = wordsOf(tokenizer, ids).map(({ word, places }) => ({ word, map: meanMap(side, places.map(map)) }));
    return {
      text,
      words,
      whole: meanMap(
        side,
        words.map((own) => own.map.values),
      ),
    };
  };
  return {
    folder,
    checkpoint,
    async film(file, text) {
      const image = await prepareImages({ ...model.vision.image, resize: config.input.resize }, [file]);
      const { ids, mask } = prepareTexts(tokenizer, [text], config.input.findingsLength);
      const given = Array.from(ids.data);
      if (wordsOf(tokenizer, given).length === 0) throw new HybridmedError(`"${text}" holds no word; give --text something to look for`);
      const { alignment, cls } = await align.run({ image, findings: ids, findings_mask: mask }, state);
      const written = (await generator.generate({ image }))[0]!.ids;
      // Row t of the attention writes token t + 1: the rows of y1..yn are those of [CLS] y1..y(n-1).
      const input = Int32Array.from([tokenizer.special.cls, ...written]).subarray(0, Math.max(1, written.length));
      const { attention } = await cross.run({ image, input: { data: input, shape: [1, input.length] } }, state);
      return {
        alignment: textMaps(text, given, (place) => rowOf(alignment!, place)),
        attention: textMaps(tokenizer.decode(written), written, (place) => rowOf(attention!, place)),
        ...(cls ? { cls: { side, values: rowOf(cls, 0) } } : {}),
        gradient: await gradientMap(gradient.run, image, { text: ids, text_mask: mask, against: compared.ids, against_mask: compared.mask }),
      };
    },
    close() {
      align.release?.();
      cross.release?.();
      gradient.release();
      state.drop();
    },
  };
}
