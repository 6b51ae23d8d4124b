// Measures one case of our kernels on a GPU device: several samples of its time, and the error against the kernel's reference.
import { capabilitiesOf, measureVariants, prepareKernel } from '@hybridmed/webgpu';
import { inputOf, relativeError } from '../harness/check.ts';
import type { Measured } from '../harness/row.ts';
import { takeSamples } from '../harness/samples.ts';
import { isLargeProduct, sampledError } from './sampled-error.ts';
import type { SelectedCase } from './select.ts';

/** Options of a measurement. */
export interface MeasureOptions {
  /** About how long the samples together take. */
  readonly seconds?: number;
  /** Whether to compute the reference; `rows`: of a large product only that of a few rows. */
  readonly check?: boolean | 'rows';
  /** Seconds that choosing among the kernel's variants may take; by default the rule's is taken. */
  readonly tune?: number;
  /** The variant to take. */
  readonly variant?: string;
}

/** Runs a case once for its outputs, then for its time. */
export async function measureCase(
  gpu: GPUDevice,
  { kernel, one }: SelectedCase,
  { seconds = 0.4, check = true, tune = 0, variant: named }: MeasureOptions = {},
): Promise<Measured> {
  const { problem, tolerance: bound } = one;
  const inputs = kernel.arrays(problem).inputs.map((spec, index) => inputOf(one, spec, index));
  const deadline = { until: performance.now() + 1000 * tune, now: () => performance.now() };
  const variant = named ?? ((tune > 0 && kernel.variants && (await measureVariants(gpu, kernel, problem, capabilitiesOf(gpu), deadline))) || undefined);
  const prepared = await prepareKernel(gpu, kernel, problem, inputs, variant === undefined ? {} : { variant });
  try {
    const outputs = await prepared.run();
    const byRows = check === 'rows' && isLargeProduct(kernel.name, problem, kernel.cost(problem).flops);
    const full = () => (check ? relativeError(outputs, kernel.reference(problem, inputs)) : null);
    const error = byRows ? sampledError(problem, inputs, outputs[0]!) : full();
    return {
      samples: await takeSamples((times) => prepared.time(times), seconds),
      clock: prepared.clock,
      error,
      bound,
      ...(variant === undefined ? {} : { variant }),
    };
  } finally {
    prepared.release();
  }
}
