// evaluation.json as strangers may send it. HYBRIDMED_MUTATIONS=10000 with --testTimeout=1000000 tries as many.
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatVersion } from '@hybridmed/model';
import { presetModel } from '@hybridmed/model/presets';
import { savedEvaluation } from '@hybridmed/tasks/node';
import { afterAll, expect, test } from 'vitest';
import { holdsWhenMutated, mutationCount } from '../../../tools/support/mutations.ts';
import { temporaryFolder } from '../../../tools/support/phantoms.ts';
import { textSystems } from '../src/evaluate/systems.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);

const interval = { value: 0.5, low: 0.4, high: 0.6 };
const scores = { bleu1: 0.1, bleu2: 0.1, bleu3: 0.1, bleu4: 0.1, rougeL: 0.2, cider: 0.3 };
const row = { ...scores, distinct: 3, intervals: Object.fromEntries(Object.keys(scores).map((name) => [name, interval])) };

test(`${mutationCount} mutations`, async () => {
  const checkpoint = join(folder, 'checkpoints/stage2-best');
  mkdirSync(checkpoint, { recursive: true });
  writeFileSync(join(checkpoint, 'model.safetensors'), 'weights');
  const tokens = { pad: 0, unk: 1, cls: 2, sep: 3 };
  const chosen = { ciderFraction: 0.9, studies: 4, ids: 'c', balancedAccuracy: 0.6, cider: 1, constantCider: 1.1 };
  const candidates = [
    { text: 'Clear.', names: false },
    { text: 'Edema.', names: true },
  ];
  const likelihoodRatio = { candidates, means: [-1, -2], weight: 0.9, threshold: -1, chosen };
  const input = { resize: 36, findingsLength: 20, impressionLength: 20 };
  const config = { formatVersion, preset: 'tiny', stage: 2, model: presetModel('tiny', 60, tokens), input, likelihoodRatio };
  writeFileSync(join(checkpoint, 'config.json'), JSON.stringify(config));
  const evaluation = {
    checkpoint: 'run',
    data: 'csv:x.csv',
    split: 'test',
    studies: 1,
    device: 'cpu',
    inputs: { checkpoint: createHash('sha256').update('weights').digest('hex'), studies: 'b' },
    losses: { cap: 3, total: null },
    perToken: { image: interval, findings: interval },
    text: Object.fromEntries(textSystems.map(({ key }) => [key, row])),
    retrieval: { gallery: 3, recall: { 1: { ...interval, chance: 0.3 } } },
    likelihoodRatio,
    zeroShot: [{ name: 'effusion', positives: 1, studies: 3, auc: null, undefined: 'all are positive' }],
    labels: { source: 'labels', ...Object.fromEntries(textSystems.map(({ key }) => [key, { micro: 0.1, macro: 0.2, perLabel: { edema: 0.1 } }])) },
    examples: [{ id: 'a', truth: 'x', image: 'y', findings: 'z', loss: { findings: 1, tokens: 3 }, nearest: [{ impression: 'x', own: true, similarity: 1 }] }],
  };
  const file = join(folder, 'evaluation.json');
  const bytes = Buffer.from(JSON.stringify(evaluation));
  writeFileSync(file, bytes);
  expect(await savedEvaluation(folder)).toEqual(evaluation);
  // Of another likelihood ratio than the checkpoint has by now: it is to be made again.
  writeFileSync(file, JSON.stringify({ ...evaluation, likelihoodRatio: { ...likelihoodRatio, weight: 0.8 } }));
  expect(await savedEvaluation(folder)).toBeUndefined();
  await holdsWhenMutated(file, bytes, () => savedEvaluation(folder));
});
