// Reading and writing 16 MB of parameters, and making start values.
import { encodeSafetensors, initialize, parseSafetensors } from '@hybridmed/nn';
import { bench } from 'vitest';

const specs = Object.fromEntries(
  Array.from({ length: 64 }, (_, i) => [`layer.${i}.weight`, { shape: [256, 256], init: { kind: 'normal' as const, std: 0.02 } }]),
);
const arrays = initialize(specs, 0);
const bytes = new Uint8Array(Buffer.concat(encodeSafetensors(arrays)));

bench('write 16 MB', () => void Buffer.concat(encodeSafetensors(arrays)));
bench('read 16 MB', () => void parseSafetensors(bytes));
bench('start values, 4 million', () => void initialize(specs, 1));
