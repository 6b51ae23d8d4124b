// Without Dawn, an optional peer dependency, one line says how to add it.
import { readFileSync } from 'node:fs';
import { DeviceError } from '@hybridmed/tensor';
import { expect, test } from 'vitest';
import { dawn } from '../src/adapter/dawn.ts';

const { peerDependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { peerDependencies: Record<string, string> };

test('a package that is not installed is named with its command, and the version that is tested', async () => {
  const other = Object.assign(new Error("Cannot find package 'other' imported from webgpu"), { code: 'ERR_MODULE_NOT_FOUND' });
  await expect(dawn(() => Promise.reject(other))).rejects.toBe(other);
  const missing: unknown = await dawn(async () => {
    throw Object.assign(new Error("Cannot find package 'webgpu' imported from dawn.js"), { code: 'ERR_MODULE_NOT_FOUND' });
  }).catch((reason: unknown) => reason);
  expect(missing).toBeInstanceOf(DeviceError);
  const command = `npm install webgpu@${peerDependencies.webgpu}`;
  expect(missing).toMatchObject({
    install: command,
    message: `webgpu: Dawn, the engine of WebGPU in Node (the package 'webgpu'), is not installed; add it with: ${command}`,
  });
});

test('where it is installed, it is given', async () => {
  expect(await dawn()).toHaveProperty('create');
});
