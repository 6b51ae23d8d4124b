// Sources of features: an encoder of a checkpoint or of published weights on a device, or an exported graph.
import type { ImagePreparation } from '@hybridmed/data/browser';
import { floatSpecs, throughFrozen } from '@hybridmed/model/graphs';
import type { TextEncoder, VisionEncoder } from '@hybridmed/nn';
import { rootScope } from '@hybridmed/nn';
import type { CheckpointEncoders } from '@hybridmed/runtime';
import { loadCheckpoint, resolveCheckpoint, isExported, openExported, readTokenizer } from '@hybridmed/runtime';
import { pretrainedText, pretrainedVision } from '@hybridmed/runtime/encoders';
import type { Device, HostArray, HostArrays } from '@hybridmed/tensor';
import { HybridmedError, trace } from '@hybridmed/tensor';
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
  readonly width: number;
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
  readonly width: number;
  readonly tokenCount: number;
  /** image (B, C, H, W), in [-1, 1]. */
  run(image: HostArray): Promise<Features>;
  close(): Promise<void>;
}

const features = ({ tokens, global }: Record<string, HostArray>): Features => ({ tokens: tokens!, global: global! });

/** A text encoder on a device. `parameters` go by the encoder's own names. */
export async function textEncoderSource(
  label: string,
  {
    device,
    encoder,
    tokenizer,
    parameters,
    maxTokens = encoder.maxTokens,
  }: { device: Device; encoder: TextEncoder; tokenizer: Tokenizer; parameters: HostArrays; maxTokens?: number },
): Promise<TextSource> {
  const data = { ids: { shape: ['B', 'L'], dtype: 'i32' }, mask: { shape: ['B', 'L'], dtype: 'f32' } } as const;
  const graph = trace({ data, state: floatSpecs(parameters) }, ({ ids, mask }, state) => {
    const { tokens, global } = encoder.call(rootScope(state), ids!, mask!);
    return { results: { tokens, global } };
  });
  const program = await device.compile(graph);
  const state = device.createState(parameters);
  return {
    kind: 'text',
    label,
    tokenizer,
    width: encoder.width,
    maxTokens: Math.min(maxTokens, encoder.maxTokens),
    run: async (ids, mask) => features(await program.run({ ids, mask }, state)),
    close: async () => {
      program.release?.();
      state.drop();
    },
  };
}

/** A vision encoder on a device. `parameters` go by the encoder's own names. */
export async function visionEncoderSource(
  label: string,
  { device, encoder, parameters, resize = encoder.image.size }: { device: Device; encoder: VisionEncoder; parameters: HostArrays; resize?: number },
): Promise<ImageSource> {
  const { size, channels } = encoder.image;
  const shape = ['B', ...(encoder.frozen?.shape ?? [channels, size, size])];
  const graph = trace({ data: { image: { shape, dtype: 'f32' } }, state: floatSpecs(parameters) }, ({ image }, state) => {
    const { tokens, global } = encoder.call(rootScope(state), image!);
    return { results: { tokens, global } };
  });
  const program = await device.compile(graph);
  const state = device.createState(parameters);
  return {
    kind: 'image',
    label,
    image: { size, channels, resize },
    width: encoder.width,
    tokenCount: encoder.tokenCount,
    run: async (image) => features(await program.run({ image: await throughFrozen(encoder, image) }, state)),
    close: async () => {
      program.release?.();
      state.drop();
    },
  };
}

/** Parameters under a prefix, without it. */
const withoutPrefix = (parameters: HostArrays, prefix: string): HostArrays =>
  Object.fromEntries(Object.entries(parameters).flatMap(([name, value]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [])));

/** The encoder of a checkpoint, or an exported one, run by ONNX Runtime. Throws one line for images with a stage-1 checkpoint, and for a part that was not exported. */
export async function checkpointSource(
  path: string,
  kind: 'text' | 'image',
  { device, threads, encoders }: { device: Device; threads?: number | undefined; encoders?: CheckpointEncoders },
): Promise<TextSource | ImageSource> {
  if (isExported(path)) return exportedSource(path, kind, threads);
  const folder = await resolveCheckpoint(path);
  const { model, config, tokenizer, parameters } = await loadCheckpoint(folder, encoders);
  if (kind === 'text') {
    const options = { device, encoder: model.text, tokenizer, parameters: withoutPrefix(parameters, 'text.'), maxTokens: config.input.findingsLength };
    return textEncoderSource(folder, options);
  }
  if (config.stage === 1) throw new HybridmedError(`${folder}: is of stage 1, whose image encoder is not trained; name a stage-2 checkpoint`);
  return visionEncoderSource(folder, { device, encoder: model.vision, parameters: withoutPrefix(parameters, 'vision.'), resize: config.input.resize });
}

async function exportedSource(folder: string, kind: 'text' | 'image', threads: number | undefined): Promise<TextSource | ImageSource> {
  const exported = await openExported(folder, threads === undefined ? {} : { threads });
  const { manifest, tokenizer } = exported;
  const graph = await exported.open(kind === 'text' ? 'text' : 'vision', 'encoder');
  const [, count, width] = graph.outputs.tokens!.shape as [string, number, number];
  const common = { label: folder, width, close: () => exported.close() };
  if (kind === 'text') {
    const run = async (ids: HostArray, mask: HostArray): Promise<Features> => features(await graph.run({ ids, mask }));
    return { ...common, kind: 'text', tokenizer, maxTokens: manifest.text.findingsLength, run };
  }
  return { ...common, kind: 'image', image: manifest.image, tokenCount: count, run: async (image) => features(await graph.run({ image })) };
}

/** The BERT of a published folder, with its own tokenizer. Throws one line that names the file and what is wrong. */
export async function publishedText(path: string, device: Device): Promise<TextSource> {
  const { config, load } = await pretrainedText(path);
  const tokenizer = await readTokenizer(path);
  return textEncoderSource(path, { device, encoder: bert(config), tokenizer, parameters: await load() });
}

/** The vision encoder of a published folder or file, which normalizes images as its own files say. */
export async function publishedVision(path: string, device: Device, onMessage: (text: string) => void = () => undefined): Promise<ImageSource> {
  const { config, assumed, normalization, load } = await pretrainedVision(path);
  if (normalization) onMessage(`${path}: ${normalization.description}`);
  for (const what of assumed) onMessage(`${path}: assumed: ${what}`);
  return visionEncoderSource(path, { device, encoder: visionEncoder(config), parameters: await load() });
}
