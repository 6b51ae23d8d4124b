import type { Stepper } from '@hybridmed/decoder';
import {
  beamSearch,
  createStepper,
  decodeGraph,
  distillationLoss,
  headLosses,
  dualBranchDecoder,
  greedySearch,
  nucleusSearch,
  prefillGraph,
  tokenLoss,
} from '@hybridmed/decoder';
import { plainDevice } from '@hybridmed/gpujs';
import { initialize, rootScope } from '@hybridmed/nn';
import type { Tensor } from '@hybridmed/tensor';
import { array, compile, ops, trace, valueAndGrad } from '@hybridmed/tensor';
import { describe, expect, test } from 'vitest';
import { floats } from '../../tensor/test/support/numbers.ts';

const device = plainDevice({ precision: 'f64' });
const config = { vocabularySize: 13, width: 8, depth: 2, heads: 2, positions: 9 };
const decoder = dualBranchDecoder(config, { image: 6, findings: 10 });
const parameters = initialize(decoder.parameters, 4);
const f32 = (...shape: number[]) => ({ shape, dtype: 'f32' as const });

describe('the two branches', () => {
  test('share everything but their cross-attention', () => {
    const names = Object.keys(decoder.parameters);
    const own = (branch: string) => names.filter((name) => name.includes(`.${branch}.`)).map((name) => name.replace(branch, '*'));
    expect(own('image')).toEqual(own('findings'));
    expect(own('image').length).toBeGreaterThan(0);
    expect(() => dualBranchDecoder({ ...config, sharedCross: true }, { image: 6, findings: 10 })).toThrow('one width');
    const shared = dualBranchDecoder({ ...config, sharedCross: true }, { image: 6, findings: 6 });
    expect(Object.keys(shared.parameters).some((name) => name.includes('.image.'))).toBe(false);
  });

  test('unshared, have every layer twice, and one branch does not feel what the other learns', async () => {
    const unshared = dualBranchDecoder({ ...config, unshared: true }, { image: 6, findings: 10 });
    const common = Object.keys(decoder.parameters).filter((name) => /blocks\.\d\.(norm_self|self_attn|norm_ffn|ffn)\./.test(name));
    const twice = common.flatMap((name) => ['image', 'findings'].map((branch) => name.replace(/(norm_self|self_attn|norm_ffn|ffn)/, `$1.${branch}`)));
    const rest = Object.keys(decoder.parameters).filter((name) => !common.includes(name));
    expect(Object.keys(unshared.parameters).toSorted()).toEqual([...rest, ...twice].toSorted());
    const start = initialize(unshared.parameters, 4);
    const hidden = (own: typeof start, branch: string, width: number) =>
      compile(device, ({ tokens, rows, ...state }) => unshared.hidden(rootScope(state), branch, tokens!, rows!))({
        ...own,
        tokens: { data: Int32Array.of(1, 5, 7), shape: [1, 3] },
        rows: array([...floats([1, 2, width]).data], [1, 2, width]),
      }).then(({ value }) => [...value!.data]);
    const changed = Object.fromEntries(
      Object.entries(start).map(([name, value]) => [name, name.includes('.image.') ? { ...value, data: value.data.map((x) => x + 0.5) } : value]),
    );
    expect(await hidden(changed, 'findings', 10)).toEqual(await hidden(start, 'findings', 10));
    expect(await hidden(changed, 'image', 6)).not.toEqual(await hidden(start, 'image', 6));
  });

  test('a later token changes nothing before it; masked memory is not seen', async () => {
    const run = (ids: number[], memory: number[], mask: number[]) =>
      compile(device, ({ tokens, rows, seen, ...own }) => decoder.hidden(rootScope(own), 'findings', tokens!, rows!, seen!))({
        ...parameters,
        tokens: { data: Int32Array.from(ids), shape: [1, ids.length] },
        rows: array(memory, [1, mask.length, 10]),
        seen: array(mask, [1, mask.length]),
      });
    const memory = [...floats([1, 3, 10]).data];
    const [a, b, masked] = [
      await run([1, 5, 7], memory, [1, 1, 1]),
      await run([1, 5, 2], memory, [1, 1, 1]),
      await run([1, 5, 7], [...memory, ...floats([10], 9).data], [1, 1, 1, 0]),
    ];
    expect([...a.value!.data].slice(0, 16)).toEqual([...b.value!.data].slice(0, 16));
    expect([...a.value!.data].slice(16)).not.toEqual([...b.value!.data].slice(16));
    expect([...masked.value!.data]).toEqual([...a.value!.data].map((value) => expect.closeTo(value, 9)));
  });
});

describe('decoding with a cache', () => {
  test.each([1, 3])('a past that grows from %i tokens gives the logits of the whole text', async (first) => {
    const state = device.createState(Object.fromEntries(Object.entries(parameters).map(([name, value]) => [`decoder.${name}`, value])));
    const options = { decoder, branch: 'findings', masked: true };
    const [prefill, decode] = [await device.compile(prefillGraph(options)), await device.compile(decodeGraph(options))];
    const texts = Int32Array.of(1, 4, 9, 2, 6, 1, 7, 7, 3, 5);
    const columns = (from: number, to: number) => ({
      data: Int32Array.from([0, 5].flatMap((row) => [...texts.subarray(row + from, row + to)])),
      shape: [2, to - from],
    });
    const memory = floats([2, 4, 10]);
    const mask = array([1, 1, 1, 0, 1, 1, 0, 0], [2, 4]);
    const whole = (await prefill.run({ ids: columns(0, 5), memory, memory_mask: mask }, state)).logits!;
    let { logits, ...kept } = await prefill.run({ ids: columns(0, first), memory, memory_mask: mask }, state);
    const cross = Object.fromEntries(Object.entries(kept).filter(([name]) => name.startsWith('cross.')));
    for (let position = first; position < 5; position++) {
      const past = Object.fromEntries(
        Object.entries(kept).flatMap(([name, value]) => (name.startsWith('present.') ? [[name.replace('present', 'past'), value]] : [])),
      );
      ({ logits, ...kept } = await decode.run({ ids: columns(position, position + 1), memory_mask: mask, ...past, ...cross }, state));
      expect(kept['present.1.keys']!.shape).toEqual([2, position + 1, 8]);
      for (const row of [0, 1])
        expect([...logits!.data.subarray(row * 13, (row + 1) * 13)]).toEqual(
          [...whole.data.subarray((row * 5 + position) * 13, (row * 5 + position + 1) * 13)].map((value) => expect.closeTo(value, 9)),
        );
    }
  });

  test('gives the logits of the whole text, row by row', async () => {
    const memory = floats([2, 4, 6]);
    const ids = Int32Array.of(1, 4, 9, 2, 1, 7, 7, 3);
    const state = device.createState({
      ...Object.fromEntries(Object.entries(parameters).map(([name, value]) => [`decoder.${name}`, value])),
      'memory.image': memory,
    });
    const whole = await (
      await device.compile(
        trace(
          {
            data: { ids: { shape: [2, 4], dtype: 'i32' }, memory: f32(2, 4, 6) },
            state: Object.fromEntries(Object.entries(parameters).map(([name, { shape }]) => [`decoder.${name}`, f32(...shape)])),
          },
          ({ ids: tokens, memory: rows }, own) => {
            const scope = rootScope(own).child('decoder');
            return { results: { logits: decoder.logits(scope, decoder.hidden(scope, 'image', tokens!, rows!)) } };
          },
        ),
      )
    ).run({ ids: { data: ids, shape: [2, 4] }, memory }, state);
    const stepper = await createStepper(device, state, { decoder, branch: 'image', maxTokens: 4 });
    await stepper.start(2, 1);
    for (let position = 0; position < 4; position++) {
      const logits = await stepper.step(Int32Array.of(ids[position]!, ids[4 + position]!), Int32Array.of(0, 1), position);
      for (const row of [0, 1])
        for (let word = 0; word < 13; word++) expect(logits[row * 13 + word]).toBeCloseTo(whole.logits!.data[(row * 4 + position) * 13 + word]!, 9);
    }
  });
});

/** A stepper over a table: the log probabilities of the next token given the last one. */
function tableStepper(table: readonly (readonly number[])[], maxTokens: number): Stepper {
  return {
    vocabulary: table.length,
    maxTokens,
    start: async () => undefined,
    step: async (ids) => Float64Array.from([...ids].flatMap((id) => table[id]!)),
  };
}

const special = { cls: 0, sep: 1 };

/** Every text up to a length with its score, best first: what beam search of unlimited width must find. */
function allTexts(table: readonly (readonly number[])[], maxTokens: number, alpha: number): { ids: number[]; score: number }[] {
  const logSoftmax = (row: readonly number[]) => {
    const total = Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0));
    return row.map((value) => value - total);
  };
  const texts: { ids: number[]; score: number }[] = [];
  const grow = (ids: number[], sum: number) => {
    const next = logSoftmax(table[ids.at(-1) ?? special.cls]!);
    next.forEach((value, id) => {
      const length = ids.length + 1;
      if (id === special.sep) texts.push({ ids, score: (sum + value) / length ** alpha });
      else if (length === maxTokens) texts.push({ ids: [...ids, id], score: (sum + value) / length ** alpha });
      else grow([...ids, id], sum + value);
    });
  };
  grow([], 0);
  return texts.toSorted((a, b) => b.score - a.score);
}

describe('search', () => {
  const tables = [1, 2, 3, 4].map((seed) => Array.from({ length: 4 }, (_, row) => [...floats([4], seed * 10 + row).data]));

  test('wide beams find the best text of all', async () => {
    for (const table of tables) {
      for (const alpha of [0, 1, 1.5]) {
        const [best] = await beamSearch(tableStepper(table, 4), { studies: 1, special, width: 64, alpha });
        const [expected] = allTexts(table, 4, alpha);
        expect(best!.score).toBeCloseTo(expected!.score, 9);
        expect(best!.ids).toEqual(expected!.ids);
      }
    }
  });

  test('greedy takes the likeliest token; studies end on their own', async () => {
    const table = [
      [0, 1, 5, 2],
      [0, 0, 0, 0],
      [0, 9, 1, 2],
      [0, 0, 0, 9],
    ];
    expect(await greedySearch(tableStepper(table, 5), { studies: 2, special })).toEqual([[2], [2]]);
    expect(
      await greedySearch(
        tableStepper(
          [
            [0, 0, 0, 1],
            [0, 0, 0, 0],
            [0, 0, 0, 0],
            [0, 0, 0, 1],
          ],
          3,
        ),
        { studies: 1, special },
      ),
    ).toEqual([[3, 3, 3]]);
  });

  test('nucleus sampling is the same for a seed, differs between seeds, and draws only from the nucleus', async () => {
    const stepper = tableStepper(
      [
        [0, 0, 2, 2.1],
        [0, 0, 0, 0],
        [0, -9, 2, 2],
        [0, -9, 2, 2],
      ],
      30,
    );
    const draw = (seed: number, p: number) => nucleusSearch(stepper, { studies: 3, special, p, seed });
    expect(await draw(5, 0.8)).toEqual(await draw(5, 0.8));
    expect(await draw(5, 0.8)).not.toEqual(await draw(6, 0.8));
    const texts = await draw(1, 0.8);
    expect(texts.flat().every((id) => id === 2 || id === 3)).toBe(true);
    expect(new Set(texts.flat()).size).toBe(2);
    expect(await draw(1, 0.01)).toEqual([1, 2, 3].map(() => expect.arrayContaining([3])));
  });
});

describe('losses', () => {
  test('token means ignore what is masked; hand-worked', async () => {
    const result = await compile(
      device,
      valueAndGrad(({ logits, target, mask }) => tokenLoss(logits!, target!, mask!), ['logits']),
    )({ logits: array([0, 0, 0, Math.log(3), 5, 5], [1, 3, 2]), target: { data: Int32Array.of(0, 1, 0), shape: [1, 3] }, mask: array([1, 1, 0], [1, 3]) });
    expect(result.value!.data[0]).toBeCloseTo((Math.log(2) + Math.log(4 / 3)) / 2, 6);
    expect([...result['grad.logits']!.data].slice(4).every((slope) => slope === 0)).toBe(true);
  });

  test('distillation is 0 between equals, positive otherwise, and gives the teacher no gradient', async () => {
    const loss = compile(
      device,
      valueAndGrad(({ student, teacher, mask }) => distillationLoss(student!, ops.stopGradient(teacher!), mask!, 2), ['student', 'teacher']),
    );
    const [student, mask] = [floats([1, 2, 5]), array([1, 1], [1, 2])];
    expect((await loss({ student, teacher: student, mask })).value!.data[0]).toBeCloseTo(0, 12);
    const other = await loss({ student, teacher: floats([1, 2, 5], 2), mask });
    expect(other.value!.data[0]).toBeGreaterThan(0);
    expect([...other['grad.teacher']!.data].every((value) => value === 0)).toBe(true);
  });

  test('of a head they are those of its logits, values and gradients; the teacher gets none', async () => {
    const data = {
      hidden: floats([2, 3, 4]),
      weight: floats([7, 4], 2),
      bias: floats([7], 3),
      states: floats([2, 3, 5], 4),
      frozen: floats([7, 5], 5),
      target: { data: Int32Array.of(0, 6, 2, 5, 5, 0), shape: [2, 3] },
      mask: array([1, 1, 0, 1, 1, 0], [2, 3]),
    };
    const wrt = ['hidden', 'weight', 'bias', 'states', 'frozen'];
    const ofHead = valueAndGrad(({ hidden, weight, bias, states, frozen, target, mask }) => {
      const teacher = { hidden: states!, weight: frozen!, bias: bias!, temperature: 2 };
      const losses = headLosses({ hidden: hidden!, weight: weight!, bias: bias!, target: target!, mask: mask!, teacher });
      return ops.add(losses.token, ops.mul(losses.distillation!, 3));
    }, wrt);
    const ofLogits = valueAndGrad(({ hidden, weight, bias, states, frozen, target, mask }) => {
      const logits = (of: Tensor, by: Tensor, offset: Tensor) => ops.add(ops.matmul(of, by, { transposeB: true }), offset);
      const student = logits(hidden!, weight!, bias!);
      const teacher = logits(states!, frozen!, ops.stopGradient(bias!));
      return ops.add(tokenLoss(student, target!, mask!), ops.mul(distillationLoss(student, teacher, mask!, 2), 3));
    }, wrt);
    const [head, logits] = await Promise.all([compile(device, ofHead)(data), compile(device, ofLogits)(data)]);
    for (const name of ['value', ...wrt.map((each) => `grad.${each}`)])
      head[name]!.data.forEach((value, i) => expect(value, name).toBeCloseTo(logits[name]!.data[i]!, 12));
    for (const name of ['grad.states', 'grad.frozen']) expect(head[name]!.data.every((value) => value === 0)).toBe(true);
  });
});
