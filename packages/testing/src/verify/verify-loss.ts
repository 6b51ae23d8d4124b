// Replays the goldens of single losses: the value and the gradients of its inputs.
import type { LossOptions } from '@hybridmed/model/objective';
import { composeLosses, lossRows, outputFeatures } from '@hybridmed/model/objective';
import type { Device, HostArrays, Tensor, Tensors } from '@hybridmed/tensor';
import { compile, HybridmedError, valueAndGrad } from '@hybridmed/tensor';
import type { Comparison, Golden } from './golden.ts';
import { asFloat, relativeError, Report, withPrefix } from './golden.ts';

const bound = 1e-5;

/** What a golden's JSON says of the options of its loss. */
interface LossJson {
  readonly tau?: number;
  readonly T?: number;
  readonly duplicates?: LossOptions['duplicates'];
}

/** The loss that a golden is of, recognized by its inputs: the row that knows most of them, all of whose own the golden has. */
function rowOf(name: string, inputs: HostArrays) {
  const known = ({ reference = {} }: (typeof lossRows)[number]) => Object.keys(reference);
  const rows = lossRows.filter((row) => row.reference && known(row).every((input) => input in inputs));
  if (rows.length === 0) throw new HybridmedError(`${name}: has the inputs ${Object.keys(inputs).join(', ')}, which are of no loss of this version`);
  return rows.toSorted((a, b) => known(b).length - known(a).length)[0]!;
}

/** A golden's loss, from its inputs by the golden's names; those that the row does not rename are called as features and arrays of the batch are. */
function lossOf(name: string, inputs: HostArrays, { tau = 0.1, T: temperature = 1, duplicates }: LossJson): (values: Tensors) => Tensor {
  const row = rowOf(name, inputs);
  const options = { tau, temperature, duplicates: duplicates ?? ('groups' in inputs ? 'positives' : 'negatives') } as const;
  return (values) => {
    const named = Object.fromEntries(Object.entries(values).map(([input, value]) => [row.reference![input] ?? input, value]));
    const feature = outputFeatures(named, temperature);
    return composeLosses([{ row, weight: 1 }], { feature, batch: named, parameters: named, options })[row.key]!;
  };
}

/** Replays `loss-*`. */
export async function verifyLoss(device: Device, { name, json, arrays }: Golden): Promise<Comparison[]> {
  const report = new Report(name, device.info);
  const raw = withPrefix(arrays, 'in.');
  const inputs = { ...raw, ...(raw.mask ? { mask: asFloat(raw.mask) } : {}) };
  const expected = withPrefix(arrays, 'grad_in.');
  const results = await compile(device, valueAndGrad(lossOf(name, inputs, json), Object.keys(expected)))(inputs);
  report.add('value', relativeError(results.value!.data, Float64Array.of(json.value)), bound, 'losses');
  for (const [key, { data }] of Object.entries(expected))
    report.add(`gradient of ${key}`, relativeError(results[`grad.${key}`]!.data, data), bound, 'gradients');
  return report.rows();
}
