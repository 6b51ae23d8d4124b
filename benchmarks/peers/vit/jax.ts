// The small ViT's training step in jax-js: one jitted function of loss, gradients and Adam.
import type { Jax, JaxArray } from '../engines/jax-types.ts';
import type { Task } from '../task.ts';
import type { VitRun } from './prepared.ts';
import type { VitProblem } from './problem.ts';

type Tree = Record<string, JaxArray>;

/** Mean cross-entropy of the class token's logits; each parameter is used once. */
function lossOf({ numpy: np, nn }: Jax, { config, batch, classes }: VitProblem) {
  const { imageSize, patch, channels, width, heads, depth } = config;
  const side = imageSize / patch;
  const tokens = side * side + 1;
  return (p: Tree, x: JaxArray, labels: JaxArray): JaxArray => {
    const take = (name: string) => p[name]!;
    const linear = (name: string, h: JaxArray) => np.matmul(h, np.matrixTranspose(take(`${name}.weight`))).add(take(`${name}.bias`));
    const norm = (name: string, h: JaxArray) =>
      nn
        .standardize(h, -1, { epsilon: 1e-6 })
        .mul(take(`${name}.weight`))
        .add(take(`${name}.bias`));
    const grid = np.transpose(x.reshape([batch, channels, side, patch, side, patch]), [0, 2, 4, 1, 3, 5]);
    const patches = grid.reshape([batch, side * side, channels * patch * patch]);
    const kernel = take('vision.patch_embed.proj.weight').reshape([width, channels * patch * patch]);
    const embedded = np.matmul(patches, np.matrixTranspose(kernel)).add(take('vision.patch_embed.proj.bias'));
    let h = np.concatenate([np.broadcastTo(take('vision.cls_token'), [batch, 1, width]), embedded], 1).add(take('vision.pos_embed'));
    for (let i = 0; i < depth; i++) {
      const at = `vision.blocks.${i}`;
      const qkv = linear(`${at}.attn.qkv`, norm(`${at}.norm1`, h.ref));
      const [q, k, v] = np.split(qkv, 3, -1).map((part) => part.reshape([batch, tokens, heads, width / heads])) as [JaxArray, JaxArray, JaxArray];
      const attended = nn.dotProductAttention(q, k, v, { scale: 1 / Math.sqrt(width / heads) }).reshape([batch, tokens, width]);
      h = h.add(linear(`${at}.attn.proj`, attended));
      const inner = nn.gelu(linear(`${at}.mlp.fc1`, norm(`${at}.norm2`, h.ref)), { approximate: false });
      h = h.add(linear(`${at}.mlp.fc2`, inner));
    }
    const logits = linear('head', norm('vision.norm', h).slice([], 0));
    return np.mean(np.sum(nn.logSoftmax(logits, -1).mul(nn.oneHot(labels, classes)), -1)).mul(-1);
  };
}

const mapTree = (tree: Tree, of: (value: JaxArray, name: string) => JaxArray): Tree =>
  Object.fromEntries(Object.entries(tree).map(([name, value]) => [name, of(value, name)]));
const keep = (tree: Tree): Tree => mapTree(tree, (value) => value.ref);

/** The run. */
export function jaxVit(jax: Jax, { problem, inputs }: Task): VitRun {
  const { numpy: np } = jax;
  const sizes = problem as VitProblem;
  const loss = lossOf(jax, sizes);
  const [beta1, beta2, epsilon] = [0.9, 0.999, 1e-8];
  const update = jax.jit((params: Tree, first: Tree, second: Tree, scale1: JaxArray, scale2: JaxArray, x: JaxArray, labels: JaxArray) => {
    const [value, gradients] = jax.valueAndGrad(loss)(keep(params), x, labels);
    const m = mapTree(first, (old, name) => old.mul(beta1).add(gradients[name]!.ref.mul(1 - beta1)));
    const v = mapTree(second, (old, name) => old.mul(beta2).add(np.square(gradients[name]!).mul(1 - beta2)));
    const next = mapTree(params, (old, name) => {
      const direction = m[name]!.ref.mul(scale1.ref).div(np.sqrt(v[name]!.ref.mul(scale2.ref)).add(epsilon));
      return old.sub(direction.mul(sizes.rate));
    });
    return { value, params: next, m, v };
  });
  const put = (data: unknown, shape: readonly number[], dtype = 'float32') => np.array(data, { shape: [...shape], dtype });
  const { batch, config } = sizes;
  const image = put(inputs[0], [batch, config.channels, config.imageSize, config.imageSize]);
  const labels = put(inputs[1], [batch], 'int32');
  const start = (of: (data: Float32Array) => Float32Array) =>
    Object.fromEntries(sizes.parameters.map(({ name, shape }, i) => [name, put(of(inputs[2 + i] as Float32Array), shape)]));
  let state: { params: Tree; m: Tree; v: Tree; done: number };
  return {
    restart() {
      const zeros = () => start((data) => new Float32Array(data.length));
      state = { params: start((data) => data), m: zeros(), v: zeros(), done: 0 };
    },
    async step() {
      const done = state.done + 1;
      const [scale1, scale2] = [beta1, beta2].map((beta) => np.array(1 / (1 - beta ** done))) as [JaxArray, JaxArray];
      const { value, ...next } = update(state.params, state.m, state.v, scale1, scale2, image.ref, labels.ref);
      state = { ...next, done };
      return ((await value.data()) as Float32Array)[0]!;
    },
  };
}
