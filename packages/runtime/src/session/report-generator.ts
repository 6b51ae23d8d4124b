// A checkpoint or an exported folder, opened to generate impressions: images and texts are prepared as in training.
import { readSquare } from '@hybridmed/data';
import type { ImagePreparation } from '@hybridmed/data/browser';
import { prepareSquares, prepareTexts } from '@hybridmed/data/browser';
import type { Generator, Search, Branch } from '@hybridmed/model';
import { createGenerator } from '@hybridmed/model';
import type { Device, HostArray, HostArrays } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import type { Tokenizer } from '@hybridmed/text';
import type { CheckpointEncoders } from '../checkpoint/checkpoint-encoders.ts';
import { loadCheckpoint, resolveCheckpoint } from '../checkpoint/checkpoint-folder.ts';
import { isExported, openExported } from '../export/exported-folder.ts';

/** Generates impressions. */
export interface ReportGenerator {
  /** The checkpoint's or the exported folder. */
  readonly checkpoint: string;
  fromImages(files: readonly string[], search?: Search): Promise<string[]>;
  fromFindings(texts: readonly string[], search?: Search): Promise<string[]>;
}

/** Images as the model reads them, centre-cropped: (B, C, H, W) in [-1, 1]. Throws one line that names an unreadable file. */
export async function prepareImages(preparation: ImagePreparation, files: readonly string[]): Promise<HostArray> {
  const squares: Uint8Array[] = [];
  for (const file of files) squares.push(await readSquare(file, preparation.resize));
  return prepareSquares(preparation, squares);
}

const chunks = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));

/** What reports are generated with. */
interface GeneratorSource {
  readonly folder: string;
  readonly tokenizer: Tokenizer;
  readonly image: ImagePreparation;
  readonly findingsLength: number;
  generator(branch: Branch): Promise<Generator>;
}

async function checkpointSource(path: string, device: Device, encoders: CheckpointEncoders): Promise<GeneratorSource> {
  const folder = await resolveCheckpoint(path);
  const { config, model, tokenizer, parameters } = await loadCheckpoint(folder, encoders);
  const state = device.createState(parameters);
  const { findingsLength, impressionLength, resize } = config.input;
  return {
    folder,
    tokenizer,
    image: { ...model.vision.image, resize },
    findingsLength,
    async generator(branch) {
      if (branch === 'image' && config.stage === 1)
        throw new HybridmedError(`${folder}: is of stage 1, whose image branch is not trained; name a stage-2 checkpoint`);
      return createGenerator(device, state, model, branch, { maxTokens: Math.min(impressionLength, model.decoder.config.positions) });
    },
  };
}

async function exportedSource(folder: string, threads: number | undefined): Promise<GeneratorSource> {
  const { manifest, tokenizer, generator } = await openExported(folder, threads === undefined ? {} : { threads });
  return {
    folder,
    tokenizer,
    image: manifest.image,
    findingsLength: manifest.text.findingsLength,
    generator: (branch) => generator(branch === 'image' ? 'caption' : 'summarize'),
  };
}

/**
 * Loads a checkpoint (or a run's best one) onto a device, with `encoders` those of modules; an exported folder is run by ONNX Runtime,
 * with `threads`. Throws one line for images with a stage-1 checkpoint, and for a part that was not exported.
 */
export async function loadGenerator(
  path: string,
  device: Device,
  { threads, encoders = {} }: { readonly threads?: number; readonly encoders?: CheckpointEncoders } = {},
): Promise<ReportGenerator> {
  const source = isExported(path) ? await exportedSource(path, threads) : await checkpointSource(path, device, encoders);
  const { tokenizer } = source;
  async function write<T>(branch: Branch, items: readonly T[], prepare: (batch: readonly T[]) => Promise<HostArrays>, search?: Search): Promise<string[]> {
    const generator = await source.generator(branch);
    const texts: string[] = [];
    for (const batch of chunks(items, 16)) texts.push(...(await generator.generate(await prepare(batch), search)).map(({ ids }) => tokenizer.decode(ids)));
    return texts;
  }
  return {
    checkpoint: source.folder,
    fromImages: (files, search) => write('image', files, async (batch) => ({ image: await prepareImages(source.image, batch) }), search),
    fromFindings: (findings, search) =>
      write(
        'findings',
        findings,
        async (batch) => {
          const { ids, mask } = prepareTexts(tokenizer, batch, source.findingsLength);
          return { findings: ids, findings_mask: mask };
        },
        search,
      ),
  };
}
