// A checkpoint ready to write impressions: images and texts are prepared as in training.
import { padRows, readSquare, writeCrop } from '@hybridmed/data';
import type { Device, HostArray } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import type { Search } from '../generation/generator.ts';
import { createGenerator } from '../generation/generator.ts';
import type { Checkpoint } from './checkpoint.ts';
import { loadCheckpoint, resolveCheckpoint } from './checkpoint.ts';

/** Writes impressions. */
export interface Writer {
  /** The checkpoint's folder. */
  readonly checkpoint: string;
  fromImages(files: readonly string[], search?: Search): Promise<string[]>;
  fromFindings(texts: readonly string[], search?: Search): Promise<string[]>;
}

/** Films as the model sees them, centre-cropped: (B, C, H, W) in [-1, 1]. Throws one line that names an unreadable file. */
export async function prepareImages({ config, model }: Checkpoint, files: readonly string[]): Promise<HostArray> {
  const { size, channels } = model.vision.image;
  const { resize } = config.input;
  const offset = Math.floor((resize - size) / 2);
  const data = new Float32Array(files.length * channels * size * size);
  for (const [row, file] of files.entries()) {
    writeCrop(await readSquare(file, resize), resize, size, { top: offset, left: offset }, channels, data, row * channels * size * size);
  }
  return { data, shape: [files.length, channels, size, size] };
}

/** Findings as ids and mask, both (B, L). */
export function prepareFindings({ config, tokenizer }: Checkpoint, texts: readonly string[]): { findings: HostArray; findings_mask: HostArray } {
  const { ids, mask } = padRows(
    texts.map((text) => tokenizer.encode(text, config.input.findingsLength)),
    tokenizer.special.pad,
  );
  return { findings: ids as HostArray, findings_mask: mask as HostArray };
}

const chunks = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));

/** Loads a checkpoint (or a run's best one) onto a device. Throws one line for a stage-1 checkpoint asked to read images. */
export async function loadWriter(path: string, device: Device): Promise<Writer> {
  const folder = await resolveCheckpoint(path);
  const checkpoint = await loadCheckpoint(folder);
  const state = device.createState(checkpoint.parameters);
  const { model, tokenizer, config } = checkpoint;
  const maxTokens = Math.min(config.input.impressionLength, model.decoder.config.positions);
  return {
    checkpoint: folder,
    async fromImages(files, search) {
      if (config.stage === 1) throw new HybridmedError(`${folder}: is of stage 1, whose image branch is not trained; name a stage-2 checkpoint`);
      const generator = await createGenerator(device, state, model, 'image', { maxTokens });
      const texts: string[] = [];
      for (const some of chunks(files, 16))
        texts.push(...(await generator.generate({ image: await prepareImages(checkpoint, some) }, search)).map(({ ids }) => tokenizer.decode(ids)));
      return texts;
    },
    async fromFindings(findings, search) {
      const generator = await createGenerator(device, state, model, 'findings', { maxTokens });
      const texts: string[] = [];
      for (const some of chunks(findings, 16))
        texts.push(...(await generator.generate({ ...prepareFindings(checkpoint, some) }, search)).map(({ ids }) => tokenizer.decode(ids)));
      return texts;
    },
  };
}
