// How well heat maps point at regions that are known: every kind of map on the same films.
import type { Device } from '@hybridmed/tensor';
import { describeCheckpoint } from 'hybridmed/node';
import { scoreMaps } from 'hybridmed/uses';
import { saveResult } from '../results.ts';

/** Writes results/uses-explain-NAME.json for the test split of a data set with regions. */
export async function explain({ checkpoint, data, name, device }: { checkpoint: string; data: string; name: string; device: Device }): Promise<void> {
  const { checkpoint: _folder, data: spec, ...scores } = await scoreMaps({ checkpoint, data, device });
  const { preset, image } = await describeCheckpoint(checkpoint);
  await saveResult(`uses-explain-${name}`, { preset, image, data: spec.slice(0, spec.indexOf(':')), ...scores });
}
