// Where SwiftShader's driver file lies, once unpacked.
import { join } from 'node:path';
import { answer, load } from './module.mjs';

const { unpackChromiumFiles } = await load('@hybridmed/webgpu/node');
answer(join(await unpackChromiumFiles(['swiftshader']), 'vk_swiftshader_icd.json'));
