// Writing impressions with a trained model on a device: encode a memory once, then search token by token.
import type { Hypothesis, SearchOptions, Stepper } from '@hybridmed/decoder';
import { beamSearch, createStepper, greedySearch, nucleusSearch } from '@hybridmed/decoder';
import type { Device, DeviceState, HostArrays } from '@hybridmed/tensor';
import { memoryGraph } from '../graphs/memory.ts';
import { frozenStep } from '../graphs/frozen-images.ts';
import type { Branch, Model } from '../model/model.ts';

/** How tokens are chosen. */
export type Search =
  | { readonly kind: 'greedy' }
  | { readonly kind: 'beam'; readonly width: number; readonly alpha?: number }
  | { readonly kind: 'nucleus'; readonly p?: number; readonly temperature?: number; readonly seed: number };

/** Writes impressions from one branch's inputs. */
export interface Generator {
  /** Texts as ids without [CLS] and [SEP], one per study. Inputs: `image` (B, C, H, W), or `findings` and `findings_mask` (B, L). */
  generate(inputs: HostArrays, search?: Search, events?: SearchEvents): Promise<Hypothesis[]>;
  /** Frees what it compiled; the state stays. */
  release?(): void;
}

/** What a search reports, and what ends it early. */
export type SearchEvents = Pick<SearchOptions, 'onToken' | 'signal'>;

/** Runs a search over anything that steps; greedy without one. */
export async function searchWith(
  stepper: Stepper,
  studies: Pick<SearchOptions, 'studies' | 'special'>,
  search: Search = { kind: 'greedy' },
  events: SearchEvents = {},
): Promise<Hypothesis[]> {
  const options = { ...studies, ...events };
  if (search.kind === 'beam') return beamSearch(stepper, { ...options, width: search.width, alpha: search.alpha ?? 1 });
  const texts = await (search.kind === 'greedy' ? greedySearch(stepper, options) : nucleusSearch(stepper, { ...options, ...search }));
  return texts.map((ids) => ({ ids, score: 0 }));
}

/** Prepares a branch for generation on a device whose state holds the model's parameters. Scores are log probabilities for beam search, else 0. */
export async function createGenerator(
  device: Device,
  state: DeviceState,
  model: Model,
  branch: Branch,
  { maxTokens = model.decoder.config.positions }: { maxTokens?: number } = {},
): Promise<Generator> {
  const encode = await device.compile(memoryGraph(model, branch));
  const frozen = frozenStep(model.vision);
  const stepper = await createStepper(device, state, {
    decoder: model.decoder,
    branch,
    maxTokens,
    masked: branch === 'findings',
    copies: model.decoder.copies(branch),
  });
  return {
    async generate(inputs, search, events) {
      await encode.run(await frozen.apply(inputs), state);
      return searchWith(stepper, { studies: inputs[branch]!.shape[0]!, special: model.special }, search, events);
    },
    release() {
      encode.release?.();
      stepper.release?.();
    },
  };
}
