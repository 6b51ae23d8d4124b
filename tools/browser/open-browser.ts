// Launches the headless Chromium that npm brings along, with WebGPU on SwiftShader; needs no system package.
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { unpackChromiumFiles } from '@hybridmed/webgpu/node';
import type { Browser } from 'puppeteer-core';
import { launch } from 'puppeteer-core';

const flags = ['--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan', '--use-vulkan=swiftshader'];

/** Names the unpacked fonts to the browser: the file that comes with them looks in folders that no machine has. */
async function fontConfiguration(folder: string): Promise<string> {
  const file = join(folder, 'fonts-here.conf');
  await writeFile(
    file,
    `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig><dir>${join(folder, 'fonts')}</dir><cachedir>${join(folder, 'fonts-cache')}</cachedir></fontconfig>`,
  );
  return file;
}

/** A browser's environment: its own fonts, and its own copies of libraries where the system lacks some. */
async function environment(folder: string): Promise<Record<string, string | undefined>> {
  const { stdout } = await promisify(execFile)('ldd', [join(folder, 'chromium')]).catch(() => ({ stdout: 'not found' }));
  const path = [...(stdout.includes('not found') ? [join(folder, 'lib')] : []), process.env['LD_LIBRARY_PATH'] ?? ''];
  return { ...process.env, FONTCONFIG_FILE: await fontConfiguration(folder), LD_LIBRARY_PATH: path.filter(Boolean).join(':') };
}

/** Opens a browser; the caller closes it. Throws an Error where the browser cannot be unpacked or does not start. */
export async function openBrowser(): Promise<Browser> {
  const folder = await unpackChromiumFiles(['chromium', 'swiftshader', 'fonts', 'al2023']);
  return launch({
    executablePath: join(folder, 'chromium'),
    headless: 'shell',
    args: flags,
    env: await environment(folder),
    protocolTimeout: 600_000,
  });
}
