// A product on the portable device and on the plain reference.
import { gpujsDevice, plainDevice } from '@hybridmed/gpujs';
import { compile, ops } from '@hybridmed/tensor';
import { bench } from 'vitest';

const square = { data: Float32Array.from({ length: 128 * 128 }, (_, i) => Math.sin(i)), shape: [128, 128] };
for (const [name, device] of [
  ['gpu.js', gpujsDevice()],
  ['plain', plainDevice()],
] as const) {
  const product = compile(device, ({ a, b }) => ops.matmul(a!, b!));
  bench(`128 x 128 x 128 on ${name}`, async () => void (await product({ a: square, b: square })));
}
