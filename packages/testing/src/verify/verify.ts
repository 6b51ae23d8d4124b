// Chooses the replay of a golden by its contents, not by its file's name: a row for each kind.
import type { Device } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import { verifyEncoder } from './verify-encoder.ts';
import type { Comparison, Golden, ReplayOptions } from './golden.ts';
import { verifyLoss } from './verify-loss.ts';
import { verifyMetrics, verifyTokens } from './verify-metrics.ts';
import { verifyGeneration, verifyModelLosses, verifyTraining } from './verify-model.ts';
import { verifyPublished, verifyTrained } from './verify-published.ts';
import { verifyBertScore, verifyCalibration, verifyLabeller } from './verify-texts.ts';

/** One kind of golden. */
interface Replay {
  readonly kind: string;
  accepts(golden: Golden): boolean;
  run(device: Device, golden: Golden, options: ReplayOptions): Promise<Comparison[]> | Comparison[];
}

const hasGradients = ({ arrays }: Golden): boolean => Object.keys(arrays).some((key) => key.startsWith('grad_in.'));

/** Every kind; the first that accepts a golden replays it. */
const replays: readonly Replay[] = [
  { kind: 'training', accepts: ({ json }) => Boolean(json.config?.decoder && json.optimizer), run: verifyTraining },
  { kind: 'generation', accepts: ({ json }) => Boolean(json.config?.decoder && (json.image || json.findings)), run: verifyGeneration },
  { kind: 'losses of a model', accepts: ({ json }) => Boolean(json.config?.decoder), run: verifyModelLosses },
  {
    kind: 'encoder',
    accepts: ({ arrays }) => 'cotangent.tokens' in arrays,
    run: async (device, golden) => [...(await verifyEncoder(device, golden)), ...(await verifyPublished(device, golden))],
  },
  { kind: 'trained encoder', accepts: needsWeights, run: verifyTrained },
  { kind: 'loss', accepts: (golden) => typeof golden.json.value === 'number' && hasGradients(golden), run: verifyLoss },
  { kind: 'labeller', accepts: ({ json, arrays }) => Boolean(json.folder && json.f1) && 'out.logits.0' in arrays, run: verifyLabeller },
  { kind: 'BERTScore', accepts: ({ json }) => Boolean(json.candidate_ids && json.reference_ids), run: verifyBertScore },
  { kind: 'calibration', accepts: ({ json }) => Boolean(json.n_bins && json.binary?.probabilities), run: (_, golden) => verifyCalibration(golden) },
  { kind: 'metrics', accepts: ({ json }) => Boolean(json.text?.hypotheses || json.ranking?.scores), run: (_, golden) => verifyMetrics(golden) },
  { kind: 'tokens', accepts: ({ json }) => Boolean(json.vocab && json.lowercase), run: (_, golden) => verifyTokens(golden) },
];

/** Whether a golden is of trained weights that it does not hold: features of images, without parameters. */
export function needsWeights({ arrays }: Golden): boolean {
  return 'in.grey' in arrays && 'out.global' in arrays && !Object.keys(arrays).some((key) => key.startsWith('param.'));
}

/** Replays one golden on a device; `weights` is the folder of trained weights for one that holds none. Throws a HybridmedError naming the file when it is of no known kind. */
export async function verifyGolden(device: Device, golden: Golden, options: ReplayOptions = {}): Promise<Comparison[]> {
  const replay = replays.find(({ accepts }) => accepts(golden));
  if (replay) return replay.run(device, golden, options);
  throw new HybridmedError(`${golden.name}.json: is no golden that this version knows; see the format's README for the kinds, or leave it out with --only`);
}
