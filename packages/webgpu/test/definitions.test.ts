// Without a rule for any fused op, each runs by its definition.
import { nodeWebgpuDevice } from '@hybridmed/webgpu/node';
import { vi } from 'vitest';
import { testDefinitions } from '../../tensor/test/support/definition-tests.ts';
import { rules } from '../src/rules/table.ts';

vi.mock(import('../src/rules/table.ts'), async (original) => {
  const [table, { primitiveRules }] = await Promise.all([original(), import('../../tensor/test/support/definitions.ts')]);
  return { rules: primitiveRules(table.rules) };
});

testDefinitions(await nodeWebgpuDevice(), rules);
