// The impressions that the findings branch writes for the validation split while it is trained, and their score.
import type { Generator } from '@hybridmed/model';
import { createGenerator } from '@hybridmed/model';
import { alone, broadcastText } from '@hybridmed/ranks';
import type { DeviceState } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import type { TrainingRun } from '../contracts/training-run.ts';
import type { FrontStep } from '../frozen/front-step.ts';
import { ownSignal } from '../ranks/stop.ts';

// Studies written at once: fixed, so that the texts' bits depend neither on the training batches nor on the number of ranks.
const chunk = 32;

/** Writes and scores the validation split. */
export interface ValidationTexts {
  /** CIDEr of the texts that the parameters of a state write greedily, without dropout. */
  cider(state: DeviceState): Promise<number>;
  release(): void;
}

/**
 * The texts of a run's validation split, whose findings go through a front before the model. They are written on a state of their own, so that the memory and the cache of decoding do not stay
 * beside the optimizer's. Ranks share the chunks. Throws one line where the run has no scorer.
 */
export function validationTexts(run: TrainingRun, front: FrontStep): ValidationTexts {
  const { device, model, validation, textScorer, ranks = alone } = run;
  if (!textScorer) throw new HybridmedError('"bestBy" is "cider", and this run has nothing that scores texts; use "sum"');
  const names = Object.keys(model.parameters).filter((name) => name.startsWith('text.') || name.startsWith('decoder.'));
  let held: { readonly state: DeviceState; readonly generator: Generator } | undefined;
  const write = async (generator: Generator): Promise<number[][]> => {
    const texts: number[][] = [];
    const signal = ownSignal(run);
    let number = 0;
    for (const { arrays, studies } of validation.texts(chunk)) {
      signal?.throwIfAborted();
      const owner = number++ % ranks.size;
      const inputs = { findings: arrays.findings, findings_mask: arrays.findings_mask };
      const written = async () => (await generator.generate(await front.apply(inputs, { studies }), { kind: 'greedy' }, { signal })).map(({ ids }) => [...ids]);
      const own = owner === ranks.rank ? await written() : [];
      texts.push(...(JSON.parse(await broadcastText(ranks, JSON.stringify(own), owner)) as number[][]));
    }
    return texts;
  };
  return {
    async cider(trained) {
      const parameters = await trained.read(names);
      if (held) held.state.write(parameters);
      else {
        const state = device.createState(parameters);
        held = { state, generator: await createGenerator(device, state, model, 'findings', { maxTokens: textScorer.maxTokens }) };
      }
      return textScorer.cider(await write(held.generator));
    },
    release() {
      held?.generator.release?.();
      held?.state.drop();
      held = undefined;
    },
  };
}
