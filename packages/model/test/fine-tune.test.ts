// What fine-tuning changes of a model's specs: what is trained, and how fast.
import { createModel, fineTune, trainable } from '@hybridmed/model';
import { presetModel } from '@hybridmed/model/presets';
import { describe, expect, test } from 'vitest';

describe('which parameters a stage trains', () => {
  const model = createModel(presetModel('tiny', 60, { pad: 0, unk: 1, cls: 2, sep: 3 }));

  test('all but the frozen ones', () => {
    const frozen = fineTune(model, { freeze: ['vision.*', 'text.embeddings.*'] });
    expect(trainable(frozen, 2).some((name) => name.startsWith('vision.') || name.startsWith('text.embeddings.'))).toBe(false);
    expect(trainable(frozen, 1)).toEqual(trainable(model, 1).filter((name) => !name.startsWith('text.embeddings.')));
  });

  test('each encoder has its own layers of rates; the rest learns at the full rate', () => {
    const { parameters } = fineTune(model, { layerDecay: 0.1 });
    const rate = (name: string) => parameters[name]!.rate ?? 1;
    expect(rate('vision.cls_token')).toBeCloseTo(1e-3);
    expect(rate('vision.blocks.1.mlp.fc1.weight')).toBeCloseTo(0.1);
    expect(rate('vision.norm.weight')).toBe(1);
    expect(rate('text.embeddings.LayerNorm.bias')).toBeCloseTo(1e-3);
    expect(rate('text.encoder.layer.0.output.dense.weight')).toBeCloseTo(1e-2);
    expect(rate('decoder.blocks.0.ffn.fc1.weight')).toBe(1);
  });

  test('groups have rates of their own, on top of those of layers; adapters those of their layers', () => {
    const { parameters } = fineTune(model, { layerDecay: 0.1, rates: { vision: 0.5, sg: 2 }, lora: { layers: ['vision.blocks.1.mlp.fc1'] } });
    const rate = (name: string) => parameters[name]!.rate ?? 1;
    expect(rate('vision.norm.weight')).toBe(0.5);
    expect(rate('vision.blocks.1.mlp.fc1.lora.down')).toBeCloseTo(0.05);
    expect(rate('text.encoder.layer.0.output.dense.weight')).toBeCloseTo(1e-2);
    expect(rate('decoder.embed.weight')).toBe(1);
  });

  test('an unknown group is refused with the groups of the model; that of a loss which it is not trained with is none', () => {
    expect(() => fineTune(model, { rates: { visoin: 1 } })).toThrow(
      'learning rates: the model has no group "visoin"; its groups are vision, text, align, decoder',
    );
    expect(fineTune(model, { rates: { sg: 2 } }).parameters).toEqual(model.parameters);
  });
});
