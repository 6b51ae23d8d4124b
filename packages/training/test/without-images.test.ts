// A recipe's settings as a control without images uses them.
import { lossesOfImages } from '@hybridmed/model/objective';
import { changesWithoutImages, completeTraining, withoutImageParts } from '@hybridmed/training/settings';
import { expect, test } from 'vitest';

const recipe = completeTraining({
  preset: 'tiny',
  freeze: ['vision.blocks.0.*', 'text.embeddings.*'],
  lora: ['vision.*.qkv'],
  learningRate: { others: 5e-4, vision: 2e-4, align: 1e-3 },
  stages: { 1: { batch: 8 }, 2: { freeze: ['vision.*'], learningRate: { others: 1e-3, text: 1e-4, vision: 1e-5 } } },
});

test('nothing that a model without images lacks is weighed, frozen, adapted or given a rate, in any stage', () => {
  const { cap, sum, dis } = recipe;
  expect(withoutImageParts({ ...recipe, vision: 'none' })).toEqual({
    ...recipe,
    vision: 'none',
    ...Object.fromEntries(lossesOfImages.map((key) => [key, 0])),
    freeze: ['text.embeddings.*'],
    lora: [],
    learningRate: 5e-4,
    stages: { 1: { batch: 8 }, 2: { freeze: [], learningRate: { others: 1e-3, text: 1e-4 } } },
    ...{ cap, sum, dis },
  });
});

test('a run with images is left as it is, and a control is left as it is the second time', () => {
  expect(withoutImageParts(recipe)).toBe(recipe);
  const control = { ...recipe, ...changesWithoutImages(recipe) };
  expect(withoutImageParts(control)).toEqual(control);
});
