// Exchange of entries on the GPU device: through two staging buffers that are kept.
import { ops, trace } from '@hybridmed/tensor';
import { afterAll, describe, expect, test } from 'vitest';
import { testExchange } from '../../tensor/test/support/exchange-cases.ts';
import { floats, gpu, runOutOfMemory } from './support.ts';

afterAll(() => gpu.close());

describe('webgpu', () => {
  testExchange(gpu);
});

test('steps with exchanges make no buffer, and a state that is dropped frees its two', async () => {
  const spec = { shape: [40, 30], dtype: 'f32' as const };
  const program = await gpu.compile(
    trace({ data: {}, state: { a: spec, b: spec } }, (_, { a, b }) => ({ updates: { a: ops.add(a!, 1), b: ops.add(b!, a!) } })),
  );
  const state = gpu.createState({ a: floats([40, 30], 1), b: floats([40, 30], 2) });
  const step = async () => {
    await program.run({}, state);
    await state.exchange(['a', 'b'], async (numbers) => numbers.forEach((value, i) => (numbers[i] = value / 2)), { chunkBytes: 4000 });
  };
  await step();
  const create = gpu.gpu.createBuffer.bind(gpu.gpu);
  const [made, freed]: [number[], number[]] = [[], []];
  gpu.gpu.createBuffer = (descriptor) => {
    const buffer = create(descriptor);
    made.push(buffer.size);
    const destroy = buffer.destroy.bind(buffer);
    buffer.destroy = () => {
      freed.push(buffer.size);
      return destroy();
    };
    return buffer;
  };
  for (let i = 0; i < 20; i++) await step();
  expect(made).toEqual([]);
  await state.exchange(['a', 'b'], async () => undefined);
  expect(made).toEqual([9600, 9600]);
  gpu.gpu.createBuffer = create;
  state.drop();
  expect(freed).toEqual([9600, 9600]);
  program.release?.();
});

test('staging that does not fit is refused, and the entries stay', async () => {
  const state = gpu.createState({ a: floats([10], 1) });
  const before = await state.read();
  runOutOfMemory(gpu, 'the exchange');
  await expect(state.exchange(['a'], async () => undefined)).rejects.toThrow('the exchange needs 40 bytes');
  expect(await state.read()).toEqual(before);
  await state.exchange(['a'], async (numbers) => void numbers.fill(1));
  expect([...(await state.read()).a!.data]).toEqual(Array.from({ length: 10 }, () => 1));
});
