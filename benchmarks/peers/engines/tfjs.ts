// TensorFlow.js on its WebGPU backend: each kernel by the library's own operations; gradients are its own tape's.
import type { Numbers } from '@hybridmed/kernels';
import type { NodeAdapterOptions } from '@hybridmed/webgpu/node';
import type { Engine, Table } from '../task.ts';
import { NotOffered, chainKind, columns, lookUp, oneUpdate, plainProduct } from '../task.ts';
import { preparedRun } from '../vit/prepared.ts';
import type { VitProblem } from '../vit/problem.ts';
import { tfVit } from '../vit/tfjs.ts';
import { provideNavigatorGpu } from './browser-globals.ts';
import { subtractForward } from './subtract-forward.ts';
import { finishTf, geluTf, batchNormTf, layerNormTf } from './tfjs-ops.ts';
import type { Tf, TfTensor } from './tfjs-types.ts';

interface Built {
  readonly run: () => TfTensor[];
  /** The forward pass that a gradient repeats, to subtract from its time. */
  readonly forward?: () => TfTensor[];
  /** Brings an output into the kernel's layout on the host, unmeasured. */
  readonly layout?: (output: TfTensor) => TfTensor;
}

/** Loads the library on the selected adapter. */
export async function loadTf(options: NodeAdapterOptions): Promise<Tf> {
  await provideNavigatorGpu(options);
  const [library, backend] = ['@tensorflow/tfjs', '@tensorflow/tfjs-backend-webgpu'];
  const tf = (await import(library)) as Tf;
  await import(backend);
  if (!(await tf.setBackend('webgpu'))) throw new NotOffered('its WebGPU backend does not start');
  await tf.ready();
  return tf;
}

function tableOf(tf: Tf): Table<Built> {
  const put = (data: Numbers, shape: readonly number[]) => tf.tensor(data, shape, data instanceof Int32Array ? 'int32' : 'float32');
  const gradient = (fn: (...tensors: TfTensor[]) => TfTensor, at: TfTensor[], slope: TfTensor): Built => ({
    run: () => tf.grads(fn)(at, slope),
    forward: () => [fn(...at)],
  });
  return {
    matmul: (problem, [a, b]) => {
      plainProduct(problem);
      const { m, n, k, transposeA, transposeB } = problem;
      const [x, y] = [put(a!, transposeA ? [k, m] : [m, k]), put(b!, transposeB ? [n, k] : [k, n])];
      return { run: () => [tf.matMul(x, y, transposeA, transposeB)] };
    },
    attention: ({ of, batch, queries, keys, heads, headSize, scale, causal, masked }, inputs) => {
      const split = (x: TfTensor, length: number) => x.reshape([batch, length, heads, headSize]).transpose([0, 2, 1, 3]);
      const hidden: TfTensor[] = [];
      const hide = (visible: Float32Array, shape: number[]) =>
        hidden.push(
          put(
            visible.map((value) => (value === 0 ? -1e9 : 0)),
            shape,
          ),
        );
      if (masked) hide(inputs.at(-1) as Float32Array, [batch, 1, 1, keys]);
      if (causal)
        hide(
          Float32Array.from({ length: queries * keys }, (_, i) => (i % keys <= Math.floor(i / keys) ? 1 : 0)),
          [1, 1, queries, keys],
        );
      const attend = (q: TfTensor, k: TfTensor, v: TfTensor) => {
        const scores = hidden.reduce((sum, far) => sum.add(far), tf.matMul(split(q, queries), split(k, keys), false, true).mul(scale));
        return tf
          .matMul(tf.softmax(scores), split(v, keys))
          .transpose([0, 2, 1, 3])
          .reshape([batch, queries, heads * headSize]);
      };
      const [q, k, v] = [queries, keys, keys].map((length, i) => put(inputs[i]!, [batch, length, heads * headSize]));
      if (of === 'forward') return { run: () => [attend(q!, k!, v!)] };
      return gradient(attend, [q!, k!, v!], put(inputs[5]!, [batch, queries, heads * headSize]));
    },
    'layer-norm': ({ of, rows, width, epsilon }, inputs) => {
      const norm = (x: TfTensor, weight: TfTensor, bias: TfTensor) => layerNormTf(x, weight, bias, epsilon);
      const [x, weight] = [put(inputs[0]!, [rows, width]), put(inputs[1]!, [width])];
      const bias = of === 'forward' ? put(inputs[2]!, [width]) : tf.zeros([width]);
      if (of === 'forward') return { run: () => [norm(x, weight, bias)] };
      return gradient(norm, [x, weight, bias], put(inputs[4]!, [rows, width]));
    },
    'batch-norm': ({ of, batch, channels, places, epsilon }, inputs) => {
      const norm = (x: TfTensor, weight: TfTensor, bias: TfTensor) => batchNormTf(x, weight, bias, epsilon);
      const shape = [batch, channels, places];
      const [x, weight] = [put(inputs[0]!, shape), put(inputs[1]!, [channels])];
      const bias = of === 'forward' ? put(inputs[2]!, [channels]) : tf.zeros([channels]);
      return of === 'forward' ? { run: () => [norm(x, weight, bias)] } : gradient(norm, [x, weight, bias], put(inputs[4]!, shape));
    },
    softmax: ({ rows, width, log }, [data]) => {
      const x = put(data!, [rows, width]);
      return { run: () => [log ? tf.logSoftmax(x) : tf.softmax(x)] };
    },
    'cross-entropy': ({ of, rows, width }, inputs) => {
      const [logits, target] = [put(inputs[0]!, [rows, width]), put(inputs[1]!, [rows])];
      const loss = (x: TfTensor) => tf.logSoftmax(x).mul(tf.oneHot(target, width)).sum(-1).mul(-1);
      return of === 'forward' ? { run: () => [loss(logits)] } : gradient(loss, [logits], put(inputs[3]!, [rows]));
    },
    distillation: ({ of, rows, width, temperature }, [s, t, , , slope]) => {
      const [student, teacher] = [put(s!, [rows, width]), put(t!, [rows, width])];
      const loss = (x: TfTensor) => {
        const target = tf.logSoftmax(teacher.div(temperature));
        return target
          .exp()
          .mul(target.sub(tf.logSoftmax(x.div(temperature))))
          .sum(-1);
      };
      return of === 'forward' ? { run: () => [loss(student)] } : gradient(loss, [student], put(slope!, [rows]));
    },
    gather: ({ rows, width, ids }, [data, at]) => {
      const [table, index] = [put(data!, [rows, width]), put(at!, [ids])];
      return { run: () => [tf.gather(table, index)] };
    },
    'scatter-add': ({ rows, width, ids }, [dy, at]) => {
      const [slope, index] = [put(dy!, [ids, width]), put(at!, [ids])];
      return { run: () => [tf.unsortedSegmentSum(slope, index, rows)] };
    },
    argmax: ({ rows, width }, [data]) => {
      const x = put(data!, [rows, width]);
      return { run: () => [tf.argMax(x, -1)] };
    },
    reduce: (problem, [data]) => {
      const { rows, width } = columns(problem);
      const x = put(data!, [rows, width]);
      return { run: () => [x.sum(0)] };
    },
    map: (problem, inputs) => {
      const kind = chainKind(problem);
      const [a, b] = inputs.map((data) => put(data, data.length === inputs[0]!.length ? problem.shape : [data.length])) as [TfTensor, TfTensor];
      if (kind === 'sum') return { run: () => [a.add(b)] };
      return kind === 'bias and gelu' ? { run: () => [geluTf(a.add(b))] } : gradient(geluTf, [a], b);
    },
    convolution: ({ of, x, weight, y, stride, padding }, [a, b]) => {
      // The library computes in its own layout: images (B, H, W, C), filters (h, w, C, O). Turning is not measured.
      const image = (data: Numbers, shape: readonly number[]) => put(data, shape).transpose([0, 2, 3, 1]);
      const filter = (data: Numbers) => put(data, weight).transpose([2, 3, 1, 0]);
      const pad = padding.some((size) => size > 0)
        ? [[0, 0] as [number, number], ...padding.map((size) => [size, size] as [number, number]), [0, 0] as [number, number]]
        : 'valid';
      const conv = (input: TfTensor, kernel: TfTensor) => tf.conv2d(input, kernel, [stride[0], stride[1]], pad);
      const [toImage, toFilter] = [(z: TfTensor) => z.transpose([0, 3, 1, 2]), (z: TfTensor) => z.transpose([3, 2, 0, 1])];
      if (of === 'output') {
        const [input, kernel] = [image(a!, x), filter(b!)];
        return { run: () => [conv(input, kernel)], layout: toImage };
      }
      if (of === 'input') {
        const [slope, kernel] = [image(a!, y), filter(b!)];
        return { ...gradient((input) => conv(input, kernel), [tf.zeros([x[0], x[2], x[3], x[1]])], slope), layout: toImage };
      }
      const [input, slope] = [image(a!, x), image(b!, y)];
      return { ...gradient((kernel) => conv(input, kernel), [tf.zeros([weight[2], weight[3], weight[1], weight[0]])], slope), layout: toFilter };
    },
    adamw: (problem, inputs) => {
      const { length, beta1, beta2, epsilon, weightDecay, maxNorm } = oneUpdate(problem);
      const [rate, step, norm] = inputs.slice(0, 3).map((x) => put(x, [1])) as [TfTensor, TfTensor, TfTensor];
      const g = put(inputs[3]!, [length]);
      const [p, m, v] = [tf.zeros([length]), tf.zeros([length]), tf.zeros([length])];
      const corrected = (x: TfTensor, beta: number) => x.div(tf.scalar(1).sub(tf.pow(tf.scalar(beta), step)));
      return {
        run: () => {
          const slope = g.mul(tf.minimum(tf.scalar(maxNorm).div(norm.add(1e-6)), 1));
          const first = m.mul(beta1).add(slope.mul(1 - beta1));
          const second = v.mul(beta2).add(slope.square().mul(1 - beta2));
          const direction = corrected(first, beta1).div(corrected(second, beta2).sqrt().add(epsilon));
          return [p.sub(rate.mul(direction.add(p.mul(weightDecay)))), first, second];
        },
      };
    },
    'gradient-norm': (_, inputs) => {
      const all = inputs.map((data) => put(data, [data.length]));
      return {
        run: () => [
          tf
            .addN(all.map((x) => x.square().sum()))
            .sqrt()
            .reshape([1]),
        ],
      };
    },
  };
}

/** Opens the engine. */
export async function tfjsEngine(options: NodeAdapterOptions): Promise<Engine> {
  const tf = await loadTf(options);
  const table = tableOf(tf);
  return {
    name: 'tfjs',
    async prepare(task) {
      if (task.kernel === 'vit-step') return preparedRun(tfVit(tf, task), (task.problem as VitProblem).steps);
      const { run, forward, layout = (output: TfTensor) => output } = lookUp(table, task);
      const timeOf = (body: () => TfTensor[]) => async (times: number) => {
        const start = performance.now();
        for (let i = 0; i < times; i++) for (const output of tf.tidy(body)) output.dispose();
        await finishTf(tf);
        return performance.now() - start;
      };
      return {
        run: async () => {
          const outputs = tf.tidy(() => run().map((output) => layout(output)));
          return Promise.all(outputs.map(async (output) => (await output.data()) as Numbers));
        },
        time: forward ? subtractForward(timeOf(run), timeOf(forward)) : timeOf(run),
        release: () => undefined,
      };
    },
  };
}
