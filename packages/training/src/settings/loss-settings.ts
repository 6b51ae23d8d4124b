// Settings that follow from the table of losses: a weight for each.
import type { LossName } from '@hybridmed/model';
import { lossRows } from '@hybridmed/model/objective';
import type { OptionWithDefault } from '../options/option.ts';
import { option } from '../options/option.ts';
import { number } from '../options/values.ts';

/** A weight for each loss; `--no-X` is weight 0 of one that has another by default. */
export const lossSettings = Object.fromEntries(
  lossRows.map(({ key, title, stages, defaultWeight }) => {
    const words = stages.length > 1 ? `${title} in stage 2` : title;
    const off = { value: 0, help: `without ${words}` };
    return [
      key,
      option({
        value: number({ min: 0 }),
        argument: 'weight',
        help: `weight of ${words}; 0 disables it`,
        default: defaultWeight,
        ...(defaultWeight === 0 ? {} : { off }),
      }),
    ];
  }),
) as Readonly<Record<LossName, OptionWithDefault<number>>>;
