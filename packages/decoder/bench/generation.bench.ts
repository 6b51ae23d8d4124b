// Writing 16 texts of 48 tokens from memories at the size of the preset small, on the processor.
import { beamSearch, createStepper, dualBranchDecoder, greedySearch } from '@hybridmed/decoder';
import { initialize } from '@hybridmed/nn';
import { cpuDevice } from '@hybridmed/onnx';
import { bench } from 'vitest';

const device = cpuDevice();
const decoder = dualBranchDecoder({ vocab: 4096, width: 128, depth: 4, heads: 4, positions: 80 }, { image: 128, findings: 128 });
const state = device.createState({
  ...Object.fromEntries(Object.entries(initialize(decoder.parameters, 0)).map(([name, value]) => [`decoder.${name}`, value])),
  'memory.image': { data: new Float32Array(16 * 145 * 128), shape: [16, 145, 128] },
});
const stepper = await createStepper(device, state, { decoder, branch: 'image', maxTokens: 48 });
const options = { studies: 16, special: { cls: 2, sep: 3 } };

bench('greedy', async () => void (await greedySearch(stepper, options)), { iterations: 3, time: 0, warmupIterations: 1 });
bench('beam of 4', async () => void (await beamSearch(stepper, { ...options, width: 4 })), { iterations: 3, time: 0, warmupIterations: 1 });
