// The numbers of a metrics line by name, as TensorBoard and MLflow show them.
import type { MetricsLine } from '@hybridmed/training';

/** Scalars of a line: losses, learning rate, gradient norm, speed, each below its stage. What a line lacks has no entry. */
export function lineScalars(line: MetricsLine): Record<string, number> {
  const [group, losses] = 'validation' in line ? ['validation', line.validation] : ['train', line.losses];
  const values: Record<string, number> = {};
  for (const [name, value] of Object.entries(losses)) if (value !== null) values[`stage${line.stage}/${group}/${name}`] = value;
  if ('cider' in line && line.cider !== undefined) values[`stage${line.stage}/validation/cider`] = line.cider;
  if ('losses' in line)
    Object.assign(values, {
      [`stage${line.stage}/lr`]: line.lr,
      ...(line.gradNorm === null ? {} : { [`stage${line.stage}/grad_norm`]: line.gradNorm }),
      ...(line.lossScale === undefined ? {} : { [`stage${line.stage}/loss_scale`]: line.lossScale }),
      [`stage${line.stage}/studies_per_second`]: line.studiesPerSecond,
    });
  return values;
}
