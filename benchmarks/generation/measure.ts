// Measures how fast an untrained preset writes impressions of images: greedy, beam and nucleus search, and the latency of a single image.
import { createGenerator } from '@hybridmed/model';
import type { Search } from '@hybridmed/model';
import { initialize } from '@hybridmed/nn';
import type { Device, HostArrays } from '@hybridmed/tensor';
import type { PresetName } from 'hybridmed';
import { createModel, presetModel, presets } from 'hybridmed';

/** Ids of the special tokens that the reference also has. */
const special = { pad: 0, unk: 1, cls: 2, sep: 3, mask: 4 };

/** The searches by name. */
export const searches: Readonly<Record<string, Search>> = {
  greedy: { kind: 'greedy' },
  beam: { kind: 'beam', width: 4 },
  nucleus: { kind: 'nucleus', p: 0.9, seed: 0 },
};

/** What is measured. */
export interface GenerationCase {
  readonly preset: PresetName;
  readonly studies: number;
  readonly batch: number;
  readonly searches: readonly string[];
}

/** What was measured. */
export interface GenerationResult {
  /** Milliseconds from an opened model to its first impression, programs compiled, and of a later one (median of five). */
  readonly coldMs: number;
  readonly warmMs: number;
  readonly studiesPerSecond: Readonly<Record<string, number>>;
  readonly cpuMsPerStudy: Readonly<Record<string, number>>;
}

/** The model whose texts never end before the last token, so that all searches write equally many. */
export function openCase({ preset }: Pick<GenerationCase, 'preset'>) {
  const { vocabularySize, impressionLength } = presets[preset];
  const model = createModel(presetModel(preset, vocabularySize, special));
  const parameters = initialize(model.parameters, 0);
  const bias = Float32Array.from(parameters['decoder.head.bias']!.data);
  bias[special.sep] = -1e4;
  return { model, tokens: impressionLength, vocabularySize, parameters: { ...parameters, 'decoder.head.bias': { data: bias, shape: [vocabularySize] } } };
}

/** Measures on a device. Throws where a text has not as many tokens as it should. */
export async function measureGeneration(device: Device, what: GenerationCase): Promise<GenerationResult> {
  const { model, tokens, parameters } = openCase(what);
  const { size, channels } = model.vision.image;
  const state = device.createState(parameters);
  const images = (count: number): HostArrays => ({
    image: { data: Float32Array.from({ length: count * channels * size * size }, (_, i) => Math.sin(i)), shape: [count, channels, size, size] },
  });
  const opened = performance.now();
  const generator = await createGenerator(device, state, model, 'image', { maxTokens: tokens });
  const write = async (count: number, search: string): Promise<void> => {
    const texts = await generator.generate(images(count), searches[search]!);
    if (texts.some(({ ids }) => ids.length !== tokens)) throw new Error(`${search} search wrote a text that has not ${tokens} tokens`);
  };
  const timed = async (run: () => Promise<void>): Promise<number> => {
    const started = performance.now();
    await run();
    return performance.now() - started;
  };
  await write(1, 'greedy');
  const coldMs = performance.now() - opened;
  const latencies: number[] = [];
  for (let i = 0; i < 6; i++) latencies.push(await timed(() => write(1, 'greedy')));
  const warmMs = latencies.slice(1).toSorted((a, b) => a - b)[2]!;
  const [studiesPerSecond, cpuMsPerStudy]: Record<string, number>[] = [{}, {}];
  for (const search of what.searches) {
    await write(what.batch, search);
    const before = process.cpuUsage();
    const taken = await timed(async () => {
      for (let left = what.studies; left > 0; left -= what.batch) await write(Math.min(left, what.batch), search);
    });
    const { user, system } = process.cpuUsage(before);
    studiesPerSecond![search] = (what.studies / taken) * 1000;
    cpuMsPerStudy![search] = (user + system) / 1000 / what.studies;
  }
  generator.release?.();
  return { coldMs, warmMs, studiesPerSecond: studiesPerSecond!, cpuMsPerStudy: cpuMsPerStudy! };
}
