// Chooses the replay of a golden by its contents, not by its file's name.
import type { Device } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import { verifyEncoder } from './verify-encoder.ts';
import type { Comparison, Golden } from './golden.ts';
import { verifyLoss } from './verify-loss.ts';
import { verifyMetrics, verifyTokens } from './verify-metrics.ts';
import { verifyGeneration, verifyModelLosses, verifyTraining } from './verify-model.ts';

/** Replays one golden on a device. Throws a HybridmedError naming the file when it is of no known kind. */
export async function verifyGolden(device: Device, golden: Golden): Promise<Comparison[]> {
  const { json, arrays, name } = golden;
  if (json.config?.decoder && json.optimizer) return verifyTraining(device, golden);
  if (json.config?.decoder && (json.image || json.findings)) return verifyGeneration(device, golden);
  if (json.config?.decoder) return verifyModelLosses(device, golden);
  if ('cotangent.tokens' in arrays) return verifyEncoder(device, golden);
  if (typeof json.value === 'number' && Object.keys(arrays).some((key) => key.startsWith('grad_in.'))) return verifyLoss(device, golden);
  if (json.text?.hypotheses || json.ranking?.scores) return verifyMetrics(golden);
  if (json.vocab && json.lowercase) return verifyTokens(golden);
  throw new HybridmedError(`${name}.json: is no golden that this version knows; see the format's README for the kinds, or leave it out with --only`);
}
