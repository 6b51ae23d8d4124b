// VQA-RAD from a checkpoint and from scratch, on the published split and on one without shared images, compared with three baselines.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Device } from '@hybridmed/tensor';
import { describeCheckpoint, openModel } from 'hybridmed/node';
import { evaluateVqa, trainVqa } from 'hybridmed/tasks';
import { saveResult } from '../results.ts';

const splits = ['published', 'image-disjoint'] as const;

/** What is trained. */
export interface VqaSuite {
  readonly checkpoint: string;
  readonly data: string;
  readonly out: string;
  readonly epochs: number;
  readonly seeds: readonly number[];
  readonly device: Device;
  readonly log: (text: string) => void;
}

/** Trains what has not been trained yet, and writes results/tasks-vqa-rad.json after each. */
export async function vqa({ checkpoint, data, out, epochs, seeds, device, log }: VqaSuite): Promise<void> {
  const { preset, parameters } = await describeCheckpoint(checkpoint);
  const model = await openModel(checkpoint, { device });
  const runs: object[] = [];
  for (const questionSplit of splits)
    for (const fromScratch of [false, true])
      for (const seed of seeds) {
        const folder = join(out, `${questionSplit}-${fromScratch ? 'scratch' : 'checkpoint'}-${seed}`);
        if (!existsSync(folder)) await trainVqa({ model, data, out: folder, questionSplit, fromScratch, epochs, seed, onMessage: log });
        const { examples: _texts, model: _path, data: _data, ...report } = await evaluateVqa({ model: folder, data, device });
        runs.push({ seed, ...report });
        await saveResult('tasks-vqa-rad', { data: 'vqa-rad', checkpoint: { preset, parameters: parameters['total'] }, epochs, runs });
        log(`${folder}: ${report.systems.model.all.strict?.value}`);
      }
  await model.close();
}
