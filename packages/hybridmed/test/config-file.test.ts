// Configuration files of commands: their published schema, and which value wins.
import { completeConfig, runConfigSchema } from 'hybridmed/node';
import { fileSchema } from '@hybridmed/runtime/run';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { pretrain } from '../src/cli/commands/pretrain.ts';

test('config.schema.json is the schema of configuration files of pretrain', async () => {
  const schema = z.toJSONSchema(fileSchema(pretrain.options));
  await expect(`${JSON.stringify(schema, undefined, 2)}\n`).toMatchFileSnapshot('../config.schema.json');
});

test('a complete configuration fits the schema, and given settings win over the preset', () => {
  const config = completeConfig({ data: 'openi:x', preset: 'medium', batch: 3 });
  expect(runConfigSchema.parse(config)).toEqual(config);
  expect(config).toMatchObject({ batch: 3, accumulate: 4, learningRate: 2e-4, cap: 2 });
});
