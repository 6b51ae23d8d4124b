// How well heat maps point at known regions: every kind of map on the same images.
import type { Split } from '@hybridmed/data';
import type { Device } from '@hybridmed/tensor';
import { describeCheckpoint, openModel } from 'hybridmed/node';
import { scoreMaps } from 'hybridmed/tasks';
import { saveResult } from '../results.ts';

/** What is scored, and the name of the result. */
interface ExplainSuite {
  readonly checkpoint: string;
  readonly data: string;
  readonly name: string;
  readonly split: Split;
  readonly limit: number;
  readonly device: Device;
}

// How methods were selected, which is part of the result.
const selection =
  'methods and settings were chosen on images of the validation split, by the pictures and by the pointing game; masks enter no map; the test split had no part in it';

/** Writes results/tasks-explain-NAME.json for a split of a data set with regions. */
export async function explain({ checkpoint, data, name, split, limit, device }: ExplainSuite): Promise<void> {
  const started = performance.now();
  const onProgress = (done: number, total: number) => {
    if (done % 20 === 0) process.stderr.write(`${done} of ${total} images, ${((performance.now() - started) / 1000).toFixed(0)} s\n`);
  };
  const model = await openModel(checkpoint, { device });
  const { checkpoint: _folder, data: spec, ...scores } = await scoreMaps({ model, data, split, limit, onProgress });
  await model.close();
  const { preset, image } = await describeCheckpoint(checkpoint);
  await saveResult(`tasks-explain-${name}`, { preset, image, data: spec.slice(0, spec.indexOf(':')), ...(limit > 0 ? { limit } : {}), selection, ...scores });
}
