// Exchange of entries on the CPU device: in place, over memory in which they then lie.
import type { HostArrays } from '@hybridmed/tensor';
import { array, ops, trace } from '@hybridmed/tensor';
import { describe, expect, test } from 'vitest';
import { testExchange } from '../../tensor/test/support/exchange-cases.ts';
import { cpu, floats } from './support.ts';

describe('cpu', () => {
  testExchange(cpu);
});

test('entries lie in one block for good: no call and no run takes new memory for them', async () => {
  const names = Array.from({ length: 20 }, (_, i) => `grad.${i}`);
  const shape = (i: number): number[] => [i + 1, 50];
  const initial: HostArrays = Object.fromEntries(names.map((name, i) => [name, floats(shape(i), i)]));
  const graph = trace({ data: {}, state: Object.fromEntries(names.map((name, i) => [name, { shape: shape(i), dtype: 'f32' as const }])) }, (_, state) => ({
    updates: Object.fromEntries(names.map((name) => [name, ops.add(state[name]!, 1)])),
  }));
  const program = await cpu.compile(graph);
  const state = cpu.createState(initial);
  const memory = new Set<ArrayBufferLike>();
  for (let step = 0; step < 50; step++) {
    await program.run({}, state);
    await state.exchange(names, async (numbers) => {
      expect(numbers).toHaveLength(50 * 210);
      memory.add(numbers.buffer);
    });
  }
  expect(memory.size).toBe(1);
  const after = await state.read();
  for (const name of names) expect([...after[name]!.data].every((value, i) => Math.abs(value - 50 - initial[name]!.data[i]!) < 1e-4)).toBe(true);
});

test('two lists with a name in common do not move it to and fro', async () => {
  const state = cpu.createState({ a: array([1]), b: array([2]), c: array([3]) });
  const memory = { ab: new Set<ArrayBufferLike>(), bc: new Set<ArrayBufferLike>() };
  for (let i = 0; i < 4; i++) {
    await state.exchange(['a', 'b'], async (numbers) => void memory.ab.add(numbers.buffer));
    await state.exchange(['b', 'c'], async (numbers) => {
      memory.bc.add(numbers.buffer);
      expect([...numbers]).toEqual([2, 3]);
    });
  }
  expect([memory.ab.size, memory.bc.size]).toEqual([1, 1]);
});
