// Both losses with their gradients at the sizes of the preset small, on the processor.
import { globalContrast, localContrast } from '@hybridmed/align';
import { cpuDevice } from '@hybridmed/onnx';
import { array, compile, ops, sizeOf, valueAndGrad } from '@hybridmed/tensor';
import { bench } from 'vitest';

const device = cpuDevice();
const wave = (...shape: number[]) =>
  array(
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(i)),
    shape,
  );
const global = compile(
  device,
  valueAndGrad(({ image, text }) => globalContrast({ image: image!, text: text!, logScale: ops.full(2, []) })),
);
const local = compile(
  device,
  valueAndGrad(({ patches, words, mask }) => ops.mean(localContrast({ patches: patches!, words: words!, wordMask: mask! })), ['patches', 'words']),
);
const whole = { image: wave(16, 128), text: wave(16, 128) };
const parts = { patches: wave(16, 144, 128), words: wave(16, 128, 128), mask: array(new Float32Array(16 * 128).fill(1), [16, 128]) };

bench('L_CG, 16 studies', async () => void (await global(whole)));
bench('L_CL, 16 studies, 144 patches, 128 words', async () => void (await local(parts)));
