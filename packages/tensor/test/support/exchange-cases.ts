// What `exchange` does on every device: the same blocks, changed in place, between programs that read and update the entries.
import type { Device, DeviceState, HostArrays } from '@hybridmed/tensor';
import { array, ops, trace } from '@hybridmed/tensor';
import { expect, test } from 'vitest';
import { greatestError } from './numbers.ts';

const entries = (): HostArrays => ({
  a: array([1, 2, 3, 4, 5, 6], [2, 3]),
  empty: { data: new Float32Array(0), shape: [0, 4] },
  b: array([7, 8, 9]),
  c: { data: Float32Array.of(10), shape: [] },
  n: { data: Int32Array.of(3), shape: [] },
});
const names = ['b', 'empty', 'c', 'a'];

/** Doubles numbers, and returns copies of the blocks they came in. */
async function double(state: DeviceState, entryNames: readonly string[], chunkBytes?: number): Promise<number[][]> {
  const blocks: number[][] = [];
  await state.exchange(
    entryNames,
    async (numbers) => {
      blocks.push([...numbers]);
      await new Promise((resolve) => setTimeout(resolve, 0));
      numbers.forEach((value, i) => (numbers[i] = 2 * value));
    },
    chunkBytes === undefined ? undefined : { chunkBytes },
  );
  return blocks;
}

const values = async (state: DeviceState, of: readonly string[]): Promise<number[][]> => {
  const read = await state.read(of);
  return of.map((name) => [...read[name]!.data]);
};

/** Tests of a device's states, which keep f32 numbers or, where `exact` is false, more digits than are exchanged. */
export function testExchange(device: Device, { exact = true } = {}): void {
  test.each([
    [undefined, [[7, 8, 9, 10, 1, 2, 3, 4, 5, 6]]],
    [
      17,
      [
        [7, 8, 9, 10],
        [1, 2, 3, 4],
        [5, 6],
      ],
    ],
    [
      8,
      [
        [7, 8],
        [9, 10],
        [1, 2],
        [3, 4],
        [5, 6],
      ],
    ],
    [4, [7, 8, 9, 10, 1, 2, 3, 4, 5, 6].map((value) => [value])],
  ])('in blocks of at most %s bytes, entries in the order of their names', async (chunkBytes, blocks) => {
    const state = device.createState(entries());
    expect(await double(state, names, chunkBytes)).toEqual(blocks);
    expect(await values(state, ['a', 'b', 'c', 'n'])).toEqual([[2, 4, 6, 8, 10, 12], [14, 16, 18], [20], [3]]);
    expect((await state.read(['a', 'empty'])).a!.shape).toEqual([2, 3]);
    // And again, some of them, and one by itself.
    expect(await double(state, names, chunkBytes)).toEqual(blocks.map((block) => block.map((value) => 2 * value)));
    await double(state, ['a', 'c']);
    await double(state, ['c']);
    expect(await values(state, ['a', 'c'])).toEqual([[8, 16, 24, 32, 40, 48], [160]]);
    expect(await double(state, ['empty'])).toEqual([]);
    state.drop();
  });

  test('what is missing, or holds integers, is named; too small a block is refused; what `change` throws is thrown', async () => {
    const state = device.createState(entries());
    await expect(double(state, ['a', 'gone'])).rejects.toThrow('state has no entry "gone"');
    await expect(double(state, ['n'])).rejects.toThrow('state entry "n" holds integers, which are not exchanged');
    await expect(double(state, ['a'], 3)).rejects.toThrow('an exchange in blocks of 3 bytes holds no number; give at least 4');
    await expect(state.exchange(['b'], () => Promise.reject(new Error('the network is gone')))).rejects.toThrow('the network is gone');
    expect(await double(state, ['b'])).toEqual([[7, 8, 9]]);
    expect(await values(state, ['a', 'b'])).toEqual([
      [1, 2, 3, 4, 5, 6],
      [14, 16, 18],
    ]);
    state.drop();
  });

  test('between runs, writes and drops', async () => {
    const vector = { shape: [3], dtype: 'f32' as const };
    const program = await device.compile(
      trace({ data: { x: vector }, state: { b: vector, d: vector } }, ({ x }, { b, d }) => ({
        results: { sum: ops.sum(b!) },
        updates: { b: ops.add(b!, x!), d: ops.mul(b!, d!) },
      })),
    );
    const state = device.createState({ ...entries(), d: array([1, 1, 1]) });
    const x = array([1, 0, -1]);
    expect([...(await program.run({ x }, state)).sum!.data]).toEqual([24]);
    expect(await double(state, ['d', 'b'])).toEqual([[7, 8, 9, 8, 8, 8]]);
    expect([...(await program.run({ x }, state)).sum!.data]).toEqual([48]);
    expect(await double(state, ['d', 'b'])).toEqual([[14 * 16, 16 * 16, 18 * 16, 17, 16, 15]]);
    state.write({ b: array([1, 2, 3]), d: array([1, 10, 100]) });
    expect(await double(state, ['d', 'b'])).toEqual([[1, 10, 100, 1, 2, 3]]);
    expect([...(await program.run({ x }, state)).sum!.data]).toEqual([12]);
    expect(await values(state, ['b', 'd'])).toEqual([
      [3, 4, 5],
      [4, 80, 1200],
    ]);
    state.drop(['b']);
    await expect(double(state, ['d', 'b'])).rejects.toThrow('state has no entry "b"');
    state.write({ b: array([1, 2]) });
    expect(await double(state, ['d', 'b'])).toEqual([[4, 80, 1200, 1, 2]]);
    program.release?.();
    state.drop();
  });

  test('gradients that were exchanged are those that the optimizer applies', async () => {
    const spec = { shape: [3], dtype: 'f32' as const };
    const number = { shape: [], dtype: 'f32' as const };
    const graph = trace({ data: { learning_rate: number, step: number }, state: { p: spec, 'p.m': spec, 'p.v': spec, 'grad.p': spec } }, (data, state) => {
      const stepped = ops.adamW(
        {
          learningRate: data.learning_rate!,
          step: data.step!,
          parameters: [state.p!],
          gradients: [state['grad.p']!],
          firstMoments: [state['p.m']!],
          secondMoments: [state['p.v']!],
        },
        { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1, decay: [true], maxNorm: Infinity, ceilings: [Infinity] },
      );
      return {
        results: { norm: stepped.gradientNorm },
        updates: { p: stepped.parameters[0]!, 'p.m': stepped.firstMoments[0]!, 'p.v': stepped.secondMoments[0]!, 'grad.p': ops.mul(state['grad.p']!, 0) },
      };
    });
    const program = await device.compile(graph);
    const steps = async (exchanged: boolean): Promise<HostArrays> => {
      const zeros = (): HostArrays[string] => array([0, 0, 0]);
      const state = device.createState({ p: array([1, 2, 3]), 'p.m': zeros(), 'p.v': zeros(), 'grad.p': zeros() });
      for (let step = 1; step <= 3; step++) {
        const gradient = [step, -0.5, 0.25];
        state.write({ 'grad.p': array(exchanged ? gradient : gradient.map((value) => 2 * value)) });
        if (exchanged) await double(state, ['grad.p']);
        await program.run({ learning_rate: array([0.01], []), step: array([step], []) }, state);
        // Parameters and moments too: twice and back.
        if (exchanged) {
          await double(state, ['p', 'p.m']);
          await state.exchange(['p', 'p.m'], async (numbers) => numbers.forEach((value, i) => (numbers[i] = value / 2)));
        }
      }
      return state.read();
    };
    const [ours, expected] = [await steps(true), await steps(false)];
    if (exact) expect(ours).toEqual(expected);
    else expect(greatestError(ours, expected)).toBeLessThan(1e-6);
    program.release?.();
  });
}
