// Encoders from published checkpoints: their sizes, their values, and a table of every tensor.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ParameterSpecs } from '@hybridmed/nn';
import { initialize } from '@hybridmed/nn';
import type { Recipes, WeightRow } from '@hybridmed/nn/weights';
import { loadWeights, weightTable } from '@hybridmed/nn/weights';
import type { HostArray } from '@hybridmed/tensor';
import type { BertConfig, BertHeadsConfig, TextPooling, Tokenizer } from '@hybridmed/text';
import { bert, bertHeads, bertHeadsWeights, bertWeights, readPooling } from '@hybridmed/text';
import type { DescribedNormalization, VisionConfig, WantedImage } from '@hybridmed/vision';
import { visionEncoder, visionWeights } from '@hybridmed/vision';
import { fileError, isFolder } from '../files.ts';
import { localPath } from '../hub/local-path.ts';
import { readTokenizer } from '../tokenizer/read-tokenizer.ts';
import type { PublishedWeights } from './weights-folder.ts';
import { openWeights } from './weights-folder.ts';

/** An encoder of a published checkpoint. */
export interface PretrainedEncoder<C> {
  readonly config: C;
  /** Every tensor: loaded, converted, left over or missing. */
  readonly table: readonly WeightRow[];
  /** In words, what neither tensors nor config tell and is taken by convention. */
  readonly assumed: readonly string[];
  /** How the images of a published vision encoder are normalized, which ours does by itself. */
  readonly normalization?: DescribedNormalization;
  /** Reads the parameters, by the encoder's published names. Throws where one is missing. */
  load(): Promise<Record<string, HostArray>>;
}

/** Opens a checkpoint, closes it at the end of the work. */
async function withWeights<T>(path: string, work: (weights: PublishedWeights) => T | Promise<T>): Promise<T> {
  const weights = await openWeights(path);
  try {
    return await work(weights);
  } finally {
    await weights.close();
  }
}

async function pretrained<C>(
  name: string,
  describe: (weights: PublishedWeights) => {
    config: C;
    recipes: Recipes;
    specs: ParameterSpecs;
    assumed?: readonly string[];
    normalization?: DescribedNormalization;
  },
): Promise<PretrainedEncoder<C>> {
  const path = await localPath(name);
  return withWeights(path, (weights) => {
    const { config, recipes, specs, assumed = [], normalization } = describe(weights);
    return {
      config,
      assumed,
      ...(normalization === undefined ? {} : { normalization }),
      table: weightTable(specs, recipes, weights.source),
      load: () => withWeights(path, ({ source }) => loadWeights(specs, recipes, source)),
    };
  });
}

/** The vision encoder in a folder or file, for images of a size and number of channels (by default its own). Throws one line that names the file and what is wrong. */
export function pretrainedVision(path: string, image: WantedImage = {}): Promise<PretrainedEncoder<VisionConfig>> {
  return pretrained(path, ({ source, config: json, configFile, preprocessor, preprocessorFile }) => {
    const options = { config: json, preprocessor, configLabel: configFile, preprocessorLabel: preprocessorFile, label: source.label, image };
    const { config, recipes, assumed, normalization } = visionWeights(source.shapes, options);
    return { config, recipes, specs: visionEncoder(config).parameters, assumed, normalization };
  });
}

/**
 * The BERT in a folder. Given a tokenizer, the table of word embeddings is made for its vocabulary: each token has its row by name where
 * the folder has a tokenizer of its own, else by number; tokens that the checkpoint does not know start at random from `seed`. Its
 * `pooling` is that of 1_Pooling/config.json where it is not given, and cls, by assumption, where there is no such file.
 */
export async function pretrainedText(
  path: string,
  { tokenizer, seed = 0, pooling }: { tokenizer?: Tokenizer; seed?: number; pooling?: TextPooling } = {},
): Promise<PretrainedEncoder<BertConfig>> {
  const published = tokenizer && (await folderTokenizer(await localPath(path)));
  return pretrained(path, (weights) => {
    const { source, config: json, configFile } = weights;
    if (json === undefined) throw noConfig(configFile);
    const options = { config: json, configLabel: configFile, label: source.label };
    const encoderOf = ({ config: sizes, recipes }: ReturnType<typeof bertWeights>) => {
      const { config, assumed } = pooled(sizes, weights, pooling);
      return { config, recipes, specs: bert(config).parameters, assumed };
    };
    if (!tokenizer) return encoderOf(bertWeights(source.shapes, options));
    const ids = published && new Map(published.tokens.map((token, id) => [token, id]));
    const rows = tokenizer.tokens.map((token, id) => (!ids || published.tokens[id] === token ? id : ids.get(token)));
    const { vocabularySize: publishedTokens, width } = bertWeights(source.shapes, options).config;
    const table = 'embeddings.word_embeddings.weight';
    const isNew = rows.some((row) => row === undefined || row >= publishedTokens);
    const start = isNew ? initialize({ [table]: { shape: [rows.length, width], init: { kind: 'normal', std: 0.02 } } }, seed)[table] : undefined;
    return encoderOf(bertWeights(source.shapes, { ...options, rows, ...(start ? { start: start.data as Float32Array } : {}) }));
  });
}

/**
 * The BERT with heads on [CLS] in a folder, such as CheXbert's labeller. Throws one line that names the file and what is wrong, and the
 * conversion for a pickle.
 */
export function pretrainedHeads(path: string): Promise<PretrainedEncoder<BertHeadsConfig>> {
  return pretrained(path, ({ source, config: json, configFile }) => {
    if (json === undefined) throw noConfig(configFile);
    const { config, recipes } = bertHeadsWeights(source.shapes, { config: json, configLabel: configFile, label: source.label });
    return { config, recipes, specs: bertHeads(config).parameters };
  });
}

/** Sizes with the pooling that is given, that of the folder's file, or cls, which is then assumed. */
function pooled(sizes: BertConfig, { pooling: json, poolingFile }: PublishedWeights, given?: TextPooling): { config: BertConfig; assumed: readonly string[] } {
  const pooling = given ?? (json === undefined ? 'cls' : readPooling(json, poolingFile));
  const assumed =
    given === undefined && json === undefined
      ? ['text pooling cls, since it has no 1_Pooling/config.json (sentence encoders such as MiniLM need pretrain --text-pooling mean)']
      : [];
  return { config: pooling === 'cls' ? sizes : { ...sizes, pooling }, assumed };
}

const noConfig = (configFile: string) => fileError(configFile, 'does not exist', 'a BERT needs the config.json that was published with it');

/** A checkpoint folder's published tokenizer: tokenizer.json, else vocab.txt; undefined where it has neither. */
async function folderTokenizer(path: string): Promise<Tokenizer | undefined> {
  const has = (name: string) => existsSync(join(path, name));
  return (await isFolder(path)) && (has('tokenizer.json') || has('vocab.txt')) ? readTokenizer(path) : undefined;
}
