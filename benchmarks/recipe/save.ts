// What is kept of a run in benchmarks/results: figures and times, no texts, no paths.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EvaluationReport } from 'hybridmed/node';
import { saveResult } from '../results.ts';

interface Line {
  readonly stage: number;
  readonly epoch: number;
  readonly time: number;
  readonly validation?: Readonly<Record<string, number | null>>;
}

/** Validation losses of each epoch of a stage, and minutes from its first step to its last validation. */
export async function stagesOf(run: string): Promise<object[]> {
  const text = await readFile(join(run, 'metrics.jsonl'), 'utf8').catch(() => '');
  const lines = text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);
  return [...new Set(lines.map(({ stage }) => stage))].toSorted().map((stage) => {
    const own = lines.filter((line) => line.stage === stage);
    const validation = own.flatMap(({ epoch, validation: losses }) => (losses ? [{ epoch, ...losses }] : []));
    return { stage, minutes: Math.round((own.at(-1)!.time - own[0]!.time) / 6) / 10, validation };
  });
}

/** The figures of an evaluation: what it holds without sentences, studies and folders. */
export function figuresOf(evaluation: EvaluationReport): object {
  const {
    examples: _studies,
    checkpoint: _folder,
    data,
    likelihoodRatio: ratio,
    normalLikelihood,
    ...figures
  } = evaluation as EvaluationReport & Record<'likelihoodRatio' | 'normalLikelihood', Record<string, unknown> | undefined>;
  const { sentences: _sentences, ...normal } = normalLikelihood ?? {};
  const { candidates: _candidates, means: _means, ...chosen } = ratio ?? {};
  const scalars = Object.fromEntries(Object.entries(chosen).filter(([, value]) => !Array.isArray(value)));
  return {
    data: data.slice(0, data.indexOf(':')),
    ...figures,
    ...(normalLikelihood ? { normalLikelihood: normal } : {}),
    ...(ratio ? { likelihoodRatio: scalars } : {}),
  };
}

/** Writes results/learning-VARIANT-seedS.json from the files of `evaluate --json` and the folders that the run's stages stand in. */
export async function saveRun({
  name,
  seed,
  flags,
  stages,
  test,
  validate,
}: {
  name: string;
  seed: number;
  flags: readonly string[];
  stages: readonly string[];
  test: string;
  validate: string | undefined;
}): Promise<void> {
  const read = async (file: string) => figuresOf(JSON.parse(await readFile(file, 'utf8')) as EvaluationReport);
  const trained = (await Promise.all(stages.map(stagesOf))).flat();
  await saveResult(`learning-${name}-seed${seed}`, {
    config: 'configs/openi-efficientnet.yaml',
    variant: name,
    seed,
    flags,
    stages: trained,
    ...(await read(test)),
    ...(validate === undefined ? {} : { validate: await read(validate) }),
  });
}
