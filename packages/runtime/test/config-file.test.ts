import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { completeConfig } from '@hybridmed/training/settings';
import { runFileSchema } from '../src/run/config-file.ts';

test('config.schema.json is the schema of configuration files', () => {
  const published = JSON.parse(readFileSync(new URL('../../hybridmed/config.schema.json', import.meta.url), 'utf8'));
  expect(published).toEqual(JSON.parse(JSON.stringify(z.toJSONSchema(runFileSchema))));
});

test('a complete configuration fits the schema, and given settings win over the preset', () => {
  const config = completeConfig({ data: 'openi:x', preset: 'medium', batch: 3 });
  expect(runFileSchema.parse(config)).toEqual(config);
  expect(config).toMatchObject({ batch: 3, accumulate: 4, learningRate: 2e-4, cap: 2 });
});
