// The process of one engine: opens it on the selected adapter, then measures the requested cases one after the other.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { unpackChromiumFiles } from '@hybridmed/webgpu/node';
import { adapterOptions, type AdapterName } from '../harness/adapter.ts';
import { takeSamples } from '../harness/samples.ts';
import type { Answer, EngineName, Request } from './engine-process.ts';
import { NotOffered, type Engine } from './task.ts';

const [name, adapter] = process.argv.slice(2) as [EngineName, AdapterName];
const answer = (message: Answer): void => void process.send!(message);
const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0]!;

/** Leads an engine's own search for Vulkan drivers to the software adapter that was asked for. */
async function chooseDriver(): Promise<void> {
  if (process.platform !== 'linux' || adapter === 'auto' || adapter === 'webgpu' || adapter === 'hardware') return;
  const folder = '/usr/share/vulkan/icd.d';
  const lavapipe = existsSync(folder) ? readdirSync(folder).find((file) => file.startsWith('lvp_icd')) : undefined;
  if (adapter !== 'swiftshader' && lavapipe !== undefined) process.env.VK_DRIVER_FILES = join(folder, lavapipe);
  else process.env.VK_DRIVER_FILES = join(await unpackChromiumFiles(['swiftshader']), 'vk_swiftshader_icd.json');
}

async function open(): Promise<Engine> {
  const options = adapterOptions[adapter];
  if (name === 'hybridmed') return (await import('./engines/hybridmed.ts')).hybridmed(options);
  if (name === 'jax-js') return (await import('./engines/jax.ts')).jaxEngine(options);
  if (name === 'tfjs') return (await import('./engines/tfjs.ts')).tfjsEngine(options);
  await chooseDriver();
  return (await import('./engines/onnxruntime.ts')).onnxRuntimeEngine(options);
}

async function measure(engine: Engine, request: Request): Promise<Answer> {
  const prepared = await engine.prepare(request);
  try {
    const outputs = await prepared.run();
    return { kind: 'measured', outputs, samples: await takeSamples((times) => prepared.time(times), request.seconds) };
  } finally {
    prepared.release();
  }
}

try {
  const engine = await open();
  process.on('message', (request: Request) => {
    measure(engine, request).then(answer, (error: unknown) =>
      answer({ kind: 'absent', reason: error instanceof NotOffered ? error.message : `fails: ${reason(error)}` }),
    );
  });
  process.on('disconnect', () => process.exit(0));
  answer({ kind: 'ready' });
} catch (error) {
  answer({ kind: 'absent', reason: reason(error) });
}
