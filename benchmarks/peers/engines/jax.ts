// jax-js: each kernel as a jitted function of its own library's operations; gradients are its own autograd's.
import type { Numbers } from '@hybridmed/kernels';
import type { NodeAdapterOptions } from '@hybridmed/webgpu/node';
import type { Engine, Table } from '../task.ts';
import { NotOffered, chainKind, columns, lookUp, oneUpdate, plainProduct } from '../task.ts';
import { jaxVit } from '../vit/jax.ts';
import { preparedRun } from '../vit/prepared.ts';
import type { VitProblem } from '../vit/problem.ts';
import { subtractForward } from './subtract-forward.ts';
import { provideNavigatorGpu } from './browser-globals.ts';
import type { Jax, JaxArray } from './jax-types.ts';

type Fn = (...arrays: JaxArray[]) => JaxArray[];

/** Number of runs whose results are kept at a time. */
const window = 16;

interface Built {
  readonly arrays: readonly JaxArray[];
  readonly fn: Fn;
  /** The forward pass that a gradient repeats, to subtract from its time. */
  readonly forward?: Fn;
}

/** Loads the library on the selected adapter. */
export async function loadJax(options: NodeAdapterOptions): Promise<Jax> {
  await provideNavigatorGpu(options);
  // Its einsum uses iterator helpers, which Node has from version 22.
  const [helpers, library] = ['core-js/actual/iterator/index.js', '@jax-js/jax'];
  await import(helpers);
  const jax = (await import(library)) as Jax;
  if (!(await jax.init()).includes('webgpu')) throw new NotOffered('finds no WebGPU adapter');
  jax.defaultDevice('webgpu');
  return jax;
}

function tableOf({ numpy: np, nn, lax, grad }: Jax): Table<Built> {
  const put = (data: Numbers, shape: readonly number[]) => np.array(data, { shape: [...shape], dtype: data instanceof Int32Array ? 'int32' : 'float32' });
  /** Gradients of `fn` towards its first arguments under a given slope of its result: the last array. */
  const gradients =
    (fn: (...arrays: JaxArray[]) => JaxArray, towards: readonly number[]): Fn =>
    (...arrays) => {
      const slope = arrays.at(-1)!;
      const of = grad((...inner: JaxArray[]) => np.sum(fn(...inner).mul(slope)), { argnums: [...towards] });
      return of(...arrays.slice(0, -1)) as JaxArray[];
    };
  return {
    matmul: (problem, [a, b]) => {
      plainProduct(problem);
      const { m, n, k, transposeA, transposeB } = problem;
      const turned = (x: JaxArray, turn: boolean) => (turn ? np.matrixTranspose(x) : x);
      return {
        arrays: [put(a!, transposeA ? [k, m] : [m, k]), put(b!, transposeB ? [n, k] : [k, n])],
        fn: (x, y) => [np.matmul(turned(x!, transposeA), turned(y!, transposeB))],
      };
    },
    attention: ({ of, batch, queries, keys, heads, headSize, scale, causal, masked }, inputs) => {
      const shape = (length: number) => [batch, length, heads, headSize];
      const mask = masked ? put(inputs.at(-1)!, [batch, 1, 1, keys]) : undefined;
      const attend = (q: JaxArray, k: JaxArray, v: JaxArray) =>
        nn.dotProductAttention(q, k, v, { scale, isCausal: causal, ...(mask ? { mask: np.notEqual(mask.ref, 0) } : {}) });
      const qkv = [put(inputs[0]!, shape(queries)), put(inputs[1]!, shape(keys)), put(inputs[2]!, shape(keys))];
      if (of === 'forward') return { arrays: qkv, fn: (q, k, v) => [attend(q!, k!, v!)] };
      const slope = put(inputs[5]!, shape(queries));
      return {
        arrays: [...qkv, slope],
        fn: gradients(attend, [0, 1, 2]),
        forward: (q, k, v, dy) => (dy!.dispose(), [attend(q!, k!, v!)]),
      };
    },
    'layer-norm': ({ of, rows, width, epsilon }, inputs) => {
      const norm = (x: JaxArray, weight: JaxArray, bias: JaxArray) => nn.standardize(x, -1, { epsilon }).mul(weight).add(bias);
      const shapes = [[rows, width], [width], [width]];
      if (of === 'forward') return { arrays: inputs.map((input, i) => put(input, shapes[i]!)), fn: (x, w, b) => [norm(x!, w!, b!)] };
      const [x, weight, , , dy] = inputs;
      return {
        arrays: [put(x!, shapes[0]!), put(weight!, shapes[1]!), put(new Float32Array(width), shapes[2]!), put(dy!, shapes[0]!)],
        fn: gradients(norm, [0, 1, 2]),
        forward: (a, w, b, slope) => (slope!.dispose(), [norm(a!, w!, b!)]),
      };
    },
    'batch-norm': ({ of, batch, channels, places, epsilon }, inputs) => {
      const ofChannel = (x: JaxArray) => x.reshape([1, channels, 1]);
      const norm = (x: JaxArray, weight: JaxArray, bias: JaxArray) => nn.standardize(x, [0, 2], { epsilon }).mul(ofChannel(weight)).add(ofChannel(bias));
      const shapes = [[batch, channels, places], [channels], [channels]];
      if (of === 'forward') return { arrays: inputs.map((input, i) => put(input, shapes[i]!)), fn: (x, w, b) => [norm(x!, w!, b!)] };
      const [x, weight, , , dy] = inputs;
      return {
        arrays: [put(x!, shapes[0]!), put(weight!, shapes[1]!), put(new Float32Array(channels), shapes[2]!), put(dy!, shapes[0]!)],
        fn: gradients(norm, [0, 1, 2]),
        forward: (a, w, b, slope) => (slope!.dispose(), [norm(a!, w!, b!)]),
      };
    },
    softmax: ({ rows, width, log }, [x]) => ({ arrays: [put(x!, [rows, width])], fn: (a) => [log ? nn.logSoftmax(a!, -1) : nn.softmax(a!, -1)] }),
    'cross-entropy': ({ of, rows, width }, inputs) => {
      const logits = put(inputs[0]!, [rows, width]);
      // Picking by index binds less than a product with one-hot rows, but the library cannot differentiate it in a jitted function.
      const loss = (x: JaxArray, at: JaxArray) =>
        np
          .takeAlongAxis(nn.logSoftmax(x, -1), at.reshape([rows, 1]), 1)
          .reshape([rows])
          .mul(-1);
      const hotLoss = (x: JaxArray, at: JaxArray) => np.sum(nn.logSoftmax(x, -1).mul(nn.oneHot(at, width)), -1).mul(-1);
      const target = put(inputs[1]!, [rows]);
      if (of === 'forward') return { arrays: [logits, target], fn: (x, t) => [loss(x!, t!)] };
      return {
        arrays: [logits, target, put(inputs[3]!, [rows])],
        fn: (x, t, slope) => [grad((y: JaxArray) => np.sum(hotLoss(y, t!).mul(slope!)))(x!) as JaxArray],
        forward: (x, t, slope) => (slope!.dispose(), [hotLoss(x!, t!)]),
      };
    },
    distillation: ({ of, rows, width, temperature }, [s, t, , , slope]) => {
      const loss = (student: JaxArray, teacher: JaxArray) => {
        const target = nn.logSoftmax(teacher.mul(1 / temperature), -1);
        return np.sum(np.exp(target.ref).mul(target.sub(nn.logSoftmax(student.mul(1 / temperature), -1))), -1);
      };
      const logits = [put(s!, [rows, width]), put(t!, [rows, width])];
      if (of === 'forward') return { arrays: logits, fn: (x, y) => [loss(x!, y!)] };
      return {
        arrays: [...logits, put(slope!, [rows])],
        fn: (x, y, dy) => [grad((z: JaxArray) => np.sum(loss(z, y!).mul(dy!)))(x!) as JaxArray],
        forward: (x, y, dy) => (dy!.dispose(), [loss(x!, y!)]),
      };
    },
    gather: ({ rows, width, ids }, [table, at]) => ({ arrays: [put(table!, [rows, width]), put(at!, [ids])], fn: (x, i) => [np.take(x!, i!, 0)] }),
    'scatter-add': ({ rows, width, ids }, [dy, at]) => ({
      arrays: [put(at!, [ids]), put(dy!, [ids, width])],
      fn: (i, slope) => [grad((table: JaxArray) => np.sum(np.take(table, i!, 0).mul(slope!)))(np.zeros([rows, width])) as JaxArray],
    }),
    argmax: ({ rows, width }, [x]) => ({ arrays: [put(x!, [rows, width])], fn: (a) => [np.argmax(a!, -1)] }),
    reduce: (problem, [x]) => {
      const { rows, width } = columns(problem);
      return { arrays: [put(x!, [rows, width])], fn: (a) => [np.sum(a!, 0)] };
    },
    map: (problem, inputs) => {
      const kind = chainKind(problem);
      const [a, b] = inputs.map((data) => put(data, data.length === inputs[0]!.length ? problem.shape : [data.length]));
      const gelu = (x: JaxArray) => nn.gelu(x, { approximate: false });
      if (kind === 'sum') return { arrays: [a!, b!], fn: (x, y) => [x!.add(y!)] };
      if (kind === 'bias and gelu') return { arrays: [a!, b!], fn: (x, y) => [gelu(x!.add(y!))] };
      return { arrays: [a!, b!], fn: (x, dy) => gradients(gelu, [0])(x!, dy!) };
    },
    convolution: ({ of, x, weight, y, stride, padding }, [a, b]) => {
      const conv = (image: JaxArray, kernel: JaxArray) =>
        lax.convGeneralDilated(
          image,
          kernel,
          [...stride],
          padding.map((size) => [size, size] as [number, number]),
        );
      if (of === 'output') return { arrays: [put(a!, x), put(b!, weight)], fn: (image, kernel) => [conv(image!, kernel!)] };
      // A gradient of something linear computes nothing again.
      if (of === 'input')
        return {
          arrays: [put(a!, y), put(b!, weight)],
          fn: (dy, kernel) => [grad((image: JaxArray) => np.sum(conv(image, kernel!).mul(dy!)))(np.zeros([...x])) as JaxArray],
        };
      return {
        arrays: [put(a!, x), put(b!, y)],
        fn: (image, dy) => [grad((kernel: JaxArray) => np.sum(conv(image!, kernel).mul(dy!)))(np.zeros([...weight])) as JaxArray],
      };
    },
    adamw: (problem, [rate, step, norm, gradient]) => {
      const { length, beta1, beta2, epsilon, weightDecay, maxNorm } = oneUpdate(problem);
      const zeros = () => put(new Float32Array(length), [length]);
      return {
        arrays: [...[rate!, step!, norm!].map((x) => put(x, [1])), put(gradient!, [length]), zeros(), zeros(), zeros()],
        fn: (lr, t, total, g, p, m, v) => {
          const slope = g!.mul(np.minimum(np.array(maxNorm).div(total!.add(1e-6)), 1));
          const first = m!.mul(beta1).add(slope.ref.mul(1 - beta1));
          const second = v!.mul(beta2).add(np.square(slope).mul(1 - beta2));
          const corrected = (x: JaxArray, beta: number, at: JaxArray) => x.div(np.array(1).sub(np.exp(at.mul(Math.log(beta)))));
          const direction = corrected(first.ref, beta1, t!.ref).div(np.sqrt(corrected(second.ref, beta2, t!)).add(epsilon));
          return [p!.ref.sub(lr!.mul(direction.add(p!.mul(weightDecay)))), first, second];
        },
      };
    },
    'gradient-norm': (_, inputs) => ({
      arrays: inputs.map((data) => put(data, [data.length])),
      fn: (...all) => [np.sqrt(all.map((x) => np.sum(np.square(x))).reduce((a, b) => a.add(b))).reshape([1])],
    }),
  };
}

/** Opens the engine. */
export async function jaxEngine(options: NodeAdapterOptions): Promise<Engine> {
  const jax = await loadJax(options);
  const table = tableOf(jax);
  return {
    name: 'jax-js',
    async prepare(task) {
      if (task.kernel === 'vit-step') return preparedRun(jaxVit(jax, task), (task.problem as VitProblem).steps);
      const { arrays, fn, forward } = lookUp(table, task);
      const timed = (body: Fn) => {
        const compiled = jax.jit(body);
        const call = () => compiled(...arrays.map((array) => array.ref));
        return {
          call,
          async time(times: number) {
            const start = performance.now();
            // A result released before it was submitted is never computed: results are kept until they are.
            for (let done = 0; done < times; done += window) {
              const results = Array.from({ length: Math.min(window, times - done) }, call).flat();
              await jax.blockUntilReady(results);
              for (const array of results) array.dispose();
            }
            return performance.now() - start;
          },
        };
      };
      const whole = timed(fn);
      return {
        run: async () => Promise.all(whole.call().map(async (array) => (await array.data()) as Numbers)),
        time: forward ? subtractForward(whole.time, timed(forward).time) : whole.time,
        release: () => arrays.forEach((array) => array.dispose()),
      };
    },
  };
}
