import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { AdapterError, requestNodeAdapter, unpackChromiumFiles } from '@hybridmed/webgpu/node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { tarFiles } from '../src/adapter/tar.ts';

const linux = process.platform === 'linux' && process.arch === 'x64';

describe('adapter', () => {
  test('a software adapter runs a compute shader', async () => {
    const { adapter, gpu, info } = await requestNodeAdapter({ software: true });
    expect(gpu.wgslLanguageFeatures).toBeDefined();
    expect(info.software).toBe(true);
    expect(info.description.length).toBeGreaterThan(0);
    const device = await adapter.requestDevice();
    const values = Float32Array.from({ length: 77 }, (_, i) => i);
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const storage = device.createBuffer({ size: values.byteLength, usage });
    const staging = device.createBuffer({ size: values.byteLength, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    device.queue.writeBuffer(storage, 0, values);
    const code = `@group(0) @binding(0) var<storage, read_write> x: array<f32>;
      @compute @workgroup_size(32) fn main(@builtin(global_invocation_id) id: vec3u) {
        if (id.x < arrayLength(&x)) { x[id.x] = 2 * x[id.x] + 1; }
      }`;
    const pipeline = await device.createComputePipelineAsync({
      layout: 'auto',
      compute: { module: device.createShaderModule({ code }) },
    });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries: [{ binding: 0, resource: { buffer: storage } }] }));
    pass.dispatchWorkgroups(3);
    pass.end();
    encoder.copyBufferToBuffer(storage, staging);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    expect(new Float32Array(staging.getMappedRange())).toEqual(values.map((value) => 2 * value + 1));
    device.destroy();
  });

  test('every request gives an adapter of its own, also at the same time, and leaves the environment as it was', async () => {
    const before = process.env['VK_DRIVER_FILES'];
    const found = await Promise.all([requestNodeAdapter(), requestNodeAdapter({ software: true }), requestNodeAdapter()]);
    expect(new Set(found.map(({ adapter }) => adapter)).size).toBe(3);
    for (const { adapter } of found) (await adapter.requestDevice()).destroy();
    expect(process.env['VK_DRIVER_FILES']).toBe(before);
  });

  test('hardware is found or refused in one line that says what to install', async () => {
    const found = await requestNodeAdapter({ software: false }).catch((error: unknown) => error);
    if (found instanceof AdapterError) {
      expect(found.message).toMatch(/^webgpu: no adapter \(.+\); install a Vulkan driver for your GPU, or choose another device$/);
      expect(found.device).toBe('webgpu');
    } else {
      expect(found).toMatchObject({ info: { software: false } });
    }
  });
});

describe('unpacking', () => {
  let cache: string;
  let before: string | undefined;
  beforeEach(async () => {
    before = process.env['XDG_CACHE_HOME'];
    cache = await mkdtemp(join(tmpdir(), 'hybridmed-test-'));
    process.env['XDG_CACHE_HOME'] = cache;
  });
  afterEach(async () => {
    if (before === undefined) delete process.env['XDG_CACHE_HOME'];
    else process.env['XDG_CACHE_HOME'] = before;
    await rm(cache, { recursive: true });
  });

  test.runIf(linux)('happens once, side by side processes agree, and a broken folder is made anew', async () => {
    const [first, second] = await Promise.all([unpackChromiumFiles(['swiftshader']), unpackChromiumFiles(['swiftshader'])]);
    expect(second).toBe(first);
    expect(first!.startsWith(join(cache, 'hybridmed'))).toBe(true);
    expect(await readdir(join(cache, 'hybridmed'))).toHaveLength(1);
    const library = join(first!, 'libvk_swiftshader.so');
    const { size, ino } = await stat(library);
    expect(await unpackChromiumFiles(['swiftshader'])).toBe(first);
    expect((await stat(library)).ino).toBe(ino);
    await truncate(library, 1000);
    expect(await unpackChromiumFiles(['swiftshader'])).toBe(first);
    expect((await stat(library)).size).toBe(size);
  });

  test.runIf(linux)('falls back to the temporary folder when the cache folder cannot be used', async () => {
    await writeFile(join(cache, 'hybridmed'), 'in the way');
    const folder = await unpackChromiumFiles(['fonts']);
    expect(folder.startsWith(tmpdir())).toBe(true);
    expect(await readFile(join(folder, 'fonts.conf'), 'utf8')).toContain('fontconfig');
  });
});

test('a package of the working folder is never taken for the one beside this package', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hybridmed-planted-'));
  try {
    const planted = join(folder, 'data/node_modules/@sparticuz/chromium');
    await mkdir(join(planted, 'build/cjs'), { recursive: true });
    await writeFile(join(planted, 'package.json'), JSON.stringify({ name: '@sparticuz/chromium', main: 'build/cjs/index.js' }));
    await writeFile(join(planted, 'build/cjs/index.js'), '');
    // The package's own code, where nothing is installed beside it.
    await cp(join(import.meta.dirname, '../src/adapter'), join(folder, 'package/adapter'), { recursive: true });
    await writeFile(join(folder, 'package/package.json'), JSON.stringify({ type: 'module' }));
    const module = pathToFileURL(join(folder, 'package/adapter/chromium-files.ts')).href;
    const script = `const { chromiumPackFolder } = await import(${JSON.stringify(module)}); console.log(String(chromiumPackFolder()));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', import.meta.resolve('tsx'), '--input-type=module', '--eval', script], {
      cwd: join(folder, 'data'),
    });
    expect(stdout.trim()).toBe('undefined');
  } finally {
    await rm(folder, { recursive: true });
  }
});

test.runIf(linux)('a worker thread opens a software adapter as the main thread does', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hybridmed-thread-'));
  try {
    await writeFile(
      join(folder, 'thread.mjs'),
      `import { parentPort } from 'node:worker_threads';
import { register } from ${JSON.stringify(import.meta.resolve('tsx/esm/api'))};
register();
const { requestNodeAdapter } = await import(${JSON.stringify(new URL('../src/node.ts', import.meta.url).href)});
const { adapter, info } = await requestNodeAdapter({ driver: 'swiftshader' });
(await adapter.requestDevice()).destroy();
parentPort.postMessage(info.software);`,
    );
    await writeFile(
      join(folder, 'main.mjs'),
      `import { Worker } from 'node:worker_threads';
const worker = new Worker(new URL('thread.mjs', import.meta.url));
worker.on('message', (software) => { console.log(software); process.exit(0); });
worker.on('error', (error) => { console.log(error.message); process.exit(0); });`,
    );
    const flags = ['--conditions=hybridmed-source', '--import', import.meta.resolve('tsx')];
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, join(folder, 'main.mjs')]);
    expect(stdout.trim()).toBe('true');
  } finally {
    await rm(folder, { recursive: true });
  }
});

describe('tar', () => {
  test('lists the files that tar packs, and refuses damage', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hybridmed-tar-'));
    try {
      await mkdir(join(folder, 'in/sub'), { recursive: true });
      await writeFile(join(folder, 'in/empty'), '');
      await writeFile(join(folder, 'in/sub/large'), 'x'.repeat(1025), { mode: 0o755 });
      await promisify(execFile)('tar', ['-cf', join(folder, 'a.tar'), '--sort=name', '-C', join(folder, 'in'), '.']);
      const archive = await readFile(join(folder, 'a.tar'));
      const files = tarFiles(archive);
      expect(files.map(({ path, mode, bytes }) => [path, mode & 0o700, bytes.length])).toEqual([
        ['empty', 0o600, 0],
        ['sub/large', 0o700, 1025],
      ]);
      const damaged = Uint8Array.from(archive);
      damaged[0]! ^= 1;
      expect(() => tarFiles(damaged)).toThrow('damaged tar header at byte 0');
      expect(() => tarFiles(archive.subarray(0, 512 * 4))).toThrow(/tar archive ends inside|damaged/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
