// Replays the goldens of single losses: the value and the gradients of its inputs.
import { globalContrast, localContrast } from '@hybridmed/align';
import { distillationLoss, tokenLoss } from '@hybridmed/decoder';
import type { Device, HostArrays, Tensor, Tensors } from '@hybridmed/tensor';
import { compile, ops, valueAndGrad } from '@hybridmed/tensor';
import type { Comparison, Golden } from './golden.ts';
import { asFloat, relativeError, Report, withPrefix } from './golden.ts';

const bound = 1e-5;

/** The loss that a golden is of, recognized by its inputs. */
function lossOf(inputs: HostArrays, { tau, T }: { tau?: number; T?: number }): (values: Tensors) => Tensor {
  if ('zv' in inputs) return ({ zv, zt, s, groups }) => globalContrast({ image: zv!, text: zt!, logScale: s!, ...(groups ? { groups } : {}) });
  if ('pv' in inputs) {
    return ({ pv, wt, mask, importance }) =>
      ops.mean(localContrast({ patches: pv!, words: wt!, wordMask: mask!, temperature: tau ?? 0.1, ...(importance ? { importance } : {}) }));
  }
  if ('student' in inputs) return ({ student, teacher, mask }) => distillationLoss(student!, teacher!, mask!, T ?? 1);
  return ({ logits, target, mask }) => tokenLoss(logits!, target!, mask!);
}

/** Replays `loss-*`. */
export async function verifyLoss(device: Device, { name, json, arrays }: Golden): Promise<Comparison[]> {
  const report = new Report(name, device.info);
  const raw = withPrefix(arrays, 'in.');
  const inputs = { ...raw, ...(raw.mask ? { mask: asFloat(raw.mask) } : {}) };
  const expected = withPrefix(arrays, 'grad_in.');
  const results = await compile(device, valueAndGrad(lossOf(inputs, json), Object.keys(expected)))(inputs);
  report.add('value', relativeError(results.value!.data, Float64Array.of(json.value)), bound, 'losses');
  for (const [key, { data }] of Object.entries(expected))
    report.add(`gradient of ${key}`, relativeError(results[`grad.${key}`]!.data, data), bound, 'gradients');
  return report.rows();
}
