// Sources of features for `embed`: an open model, or an encoder of published weights on a device.
import type { ImagePreparation } from '@hybridmed/data/browser';
import { imageFeatureGraph, textFeatureGraph } from '@hybridmed/model/graphs';
import type { ModelSession } from '@hybridmed/model/session';
import type { TextEncoder } from '@hybridmed/nn';
import { readTokenizer } from '@hybridmed/runtime';
import { pretrainedText, pretrainedVision } from '@hybridmed/runtime/encoders';
import type { Device, Graph, HostArray, HostArrays } from '@hybridmed/tensor';
import type { Tokenizer } from '@hybridmed/text';
import { bert } from '@hybridmed/text';
import { visionEncoder } from '@hybridmed/vision';

/** Token vectors (B, N, width) and one vector per input (B, width). */
export interface Features {
  readonly tokens: HostArray;
  readonly global: HostArray;
}

/** Features of texts. */
export interface TextSource {
  readonly kind: 'text';
  readonly label: string;
  readonly tokenizer: Tokenizer;
  /** Max number of tokens, special ones included. */
  readonly maxTokens: number;
  /** ids (B, L) i32 and mask (B, L). */
  run(ids: HostArray, mask: HostArray): Promise<Features>;
  close(): Promise<void>;
}

/** Features of images. */
export interface ImageSource {
  readonly kind: 'image';
  readonly label: string;
  readonly image: ImagePreparation;
  /** image (B, C, H, W), in [-1, 1]. */
  run(image: HostArray): Promise<Features>;
  close(): Promise<void>;
}

const outputs = ['tokens', 'global'] as const;

/** An open model's features of texts, read as findings are. The model stays open. Throws a SessionError where its text encoder cannot be used. */
export function modelTexts(model: ModelSession): TextSource {
  model.require('text');
  const { source, findingsLength } = model.info;
  const run = (ids: HostArray, mask: HostArray) => model.textFeatures({ ids, mask }, outputs);
  return { kind: 'text', label: source, tokenizer: model.tokenizer, maxTokens: findingsLength, run, close: async () => undefined };
}

/** An open model's features of images. The model stays open. Throws a SessionError where its vision encoder cannot be used. */
export function modelImages(model: ModelSession): ImageSource {
  model.require('vision');
  const { source, image } = model.info;
  return { kind: 'image', label: source, image, run: (images) => model.imageFeatures(images, outputs), close: async () => undefined };
}

const withPrefix = (values: HostArrays, prefix: string): HostArrays =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));

/** A graph of an encoder alone on a device. */
async function encoderProgram(device: Device, graph: Graph, parameters: HostArrays) {
  const program = await device.compile(graph);
  const state = device.createState(parameters);
  return {
    run: async (inputs: HostArrays): Promise<Features> => (await program.run(inputs, state)) as unknown as Features,
    async close(): Promise<void> {
      program.release?.();
      state.drop();
    },
  };
}

/** What a text encoder alone reads and holds; `parameters` go by the encoder's own names. */
interface OwnTextEncoder {
  readonly device: Device;
  readonly encoder: TextEncoder;
  readonly tokenizer: Tokenizer;
  readonly parameters: HostArrays;
}

/** A text encoder on a device. */
export async function textEncoderSource(label: string, { device, encoder: text, tokenizer, parameters: own }: OwnTextEncoder): Promise<TextSource> {
  const parameters = withPrefix(own, 'text.');
  const { run, close } = await encoderProgram(device, textFeatureGraph({ text, parameters }, outputs), parameters);
  return { kind: 'text', label, tokenizer, maxTokens: text.maxTokens, run: (ids, mask) => run({ ids, mask }), close };
}

/** The BERT of a published folder, with its own tokenizer. Throws one line that names the file and what is wrong. */
export async function publishedText(path: string, device: Device, onMessage: (text: string) => void = () => undefined): Promise<TextSource> {
  const { config, assumed, load } = await pretrainedText(path);
  for (const what of assumed) onMessage(`${path}: assumed: ${what}`);
  const tokenizer = await readTokenizer(path);
  return textEncoderSource(path, { device, encoder: bert(config), tokenizer, parameters: await load() });
}

/** The vision encoder of a published folder or file, which normalizes images as its own files say. */
export async function publishedVision(path: string, device: Device, onMessage: (text: string) => void = () => undefined): Promise<ImageSource> {
  const { config, assumed, normalization, load } = await pretrainedVision(path);
  if (normalization) onMessage(`${path}: ${normalization.description}`);
  for (const what of assumed) onMessage(`${path}: assumed: ${what}`);
  const [vision, parameters] = [visionEncoder(config), withPrefix(await load(), 'vision.')];
  const { run, close } = await encoderProgram(device, imageFeatureGraph({ vision, parameters }, outputs), parameters);
  const { size, channels } = vision.image;
  return { kind: 'image', label: path, image: { size, channels, resize: size }, run: (image) => run({ image }), close };
}
