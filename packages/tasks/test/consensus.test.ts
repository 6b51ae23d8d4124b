// Writing by consensus over an open model: what is gathered, what is written, and what is refused.
import { join } from 'node:path';
import type { Study } from '@hybridmed/data';
import { openDataSet } from '@hybridmed/data';
import { consensusScores } from '@hybridmed/eval/generation';
import { cpuDevice } from '@hybridmed/onnx';
import type { OpenedModel } from '@hybridmed/runtime';
import { openModel } from '@hybridmed/runtime';
import { chooseConsensus, consensusEvidence, createConsensusWriter } from '@hybridmed/tasks/texts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { textsOf, untrainedCheckpoint } from '../../../tools/support/checkpoint.ts';
import { smallPhantoms, temporaryFolder } from '../../../tools/support/phantoms.ts';

const { folder, remove } = temporaryFolder();
let train: readonly Study[];
let held: readonly Study[];
let model: OpenedModel;

beforeAll(async () => {
  const { studies } = await openDataSet(`phantom:${await smallPhantoms(folder)}`);
  train = studies.filter(({ split }) => split === 'train');
  held = studies.filter(({ split }) => split !== 'train');
  const checkpoint = join(folder, 'checkpoint');
  await untrainedCheckpoint(checkpoint, textsOf(studies));
  model = await openModel(checkpoint, { device: cpuDevice({ threads: 1 }) });
});
afterAll(async () => {
  await model.close();
  remove();
});

describe('consensus', () => {
  test('gathers near impressions and hypotheses with the likelihoods that the model gives them', async () => {
    const findings = held.slice(0, 3).map((study) => study.findings);
    const gathered = await consensusEvidence(model, train, { k: 4, beams: 2 })(findings);
    expect(gathered).toHaveLength(3);
    for (const [study, { texts, neighbours, hypotheses, logLikelihoods }] of gathered.entries()) {
      expect(neighbours.map(({ similarity }) => similarity)).toEqual(neighbours.map(({ similarity }) => similarity).toSorted((a, b) => b - a));
      expect(neighbours.length).toBeGreaterThan(0);
      for (const { text } of neighbours) expect(train.some(({ impression }) => impression === texts[text])).toBe(true);
      const tokens = model.prepare.texts([findings[study]!], 'findings');
      const { memory } = await model.textFeatures(tokens, ['memory']);
      const sums = (await model.logLikelihoods('findings', { memory, mask: tokens.mask }, texts)).data;
      for (const { text, logLikelihood } of hypotheses) expect(logLikelihood).toBeCloseTo(sums[text]!, 2);
      texts.forEach((text, i) => expect(logLikelihoods[i]! * (model.tokenizer.encode(text, model.info.maxTokens).length - 1)).toBeCloseTo(sums[i]!, 2));
    }
  });

  test('writes what its scores put first, with the next candidates', async () => {
    const settings = { k: 4, power: 2, hypotheses: 0.5, likelihood: 0.05, beams: 2 };
    const findings = [held[0]!.findings];
    const [written] = await createConsensusWriter(model, train, settings)(findings);
    const [evidence] = await consensusEvidence(model, train, { k: 4, beams: 2 })(findings);
    const scores = consensusScores(evidence!, settings).map(({ text, score }) => ({ text: evidence!.texts[text]!, score }));
    expect(written).toEqual({ ...scores[0], runnersUp: scores.slice(1, 6) });
  });

  test('is chosen on validation studies beside the consensus of the ten nearest', async () => {
    const { settings, figures } = await chooseConsensus(model, { train, validation: held.slice(0, 4) });
    expect(settings.k).toBeGreaterThanOrEqual(10);
    expect(figures.written.cider).toBeGreaterThanOrEqual(0);
    expect(figures.baseline.distinct).toBeGreaterThan(0);
  });

  test('refuses what it cannot do', async () => {
    expect(() => consensusEvidence(model, [], { k: 4, beams: 0 })).toThrow('no training studies');
    expect(() => consensusEvidence({ ...model, info: { ...model.info, copies: true } }, train, { k: 4, beams: 0 })).toThrow('was trained with --pointer');
    await expect(chooseConsensus(model, { train, validation: [] })).rejects.toThrow('no validation studies');
    await expect(consensusEvidence(model, train, { k: 4, beams: 0 })(['zzqqxx'])).rejects.toThrow('no training study shares a word');
  });
});
