// Exchange of entries on the portable device and the plain reference.
import { gpujsDevice, plainDevice } from '@hybridmed/gpujs';
import { array } from '@hybridmed/tensor';
import { describe, expect, test } from 'vitest';
import { testExchange } from '../../tensor/test/support/exchange-cases.ts';

describe('gpu.js', () => {
  testExchange(gpujsDevice({ mode: 'cpu' }));
});
describe.each(['f32', 'f64'] as const)('plain, %s', (precision) => {
  testExchange(plainDevice({ precision }), { exact: precision === 'f32' });
});

test('the block is kept from call to call', async () => {
  const state = plainDevice().createState({ a: array([1, 2]), b: array([3]) });
  const memory = new Set<ArrayBufferLike>();
  for (let i = 0; i < 5; i++) await state.exchange(['a', 'b'], async (numbers) => void memory.add(numbers.buffer));
  expect(memory.size).toBe(1);
});
