// Unpacks files of the optional package `@sparticuz/chromium` (a software Vulkan driver, its loader, a headless browser)
// into a per-user cache folder. Folders appear under their final name only when complete, so processes may race.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { access, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { brotliDecompress, createBrotliDecompress } from 'node:zlib';
import { promisify } from 'node:util';
import { cacheRoot } from './cache-folder.ts';
import { tarFiles } from './tar.ts';

/** A packed file of `@sparticuz/chromium`: SwiftShader with a Vulkan loader, the browser, fonts, the libraries a browser needs. */
export type ChromiumPack = 'swiftshader' | 'chromium' | 'fonts' | 'al2023';

const packFile: Record<ChromiumPack, string> = {
  swiftshader: 'swiftshader.tar.br',
  chromium: 'chromium.br',
  fonts: 'fonts.tar.br',
  al2023: 'al2023.tar.br',
};

const listName = 'unpacked.json';

/**
 * The folder of packed files, or undefined where `@sparticuz/chromium` is not installed beside this package. The working directory is not
 * asked: what lies there may be a stranger's, and native code is loaded from these files.
 */
export function chromiumPackFolder(): string | undefined {
  try {
    return join(dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium')), '..', '..', 'bin');
  } catch {
    return undefined;
  }
}

/**
 * Unpacks packs side by side into one folder and returns it; a folder unpacked earlier is used again when every file
 * still has its size. Throws an Error when the package is absent or no cache folder can be written.
 */
export async function unpackChromiumFiles(packs: readonly ChromiumPack[]): Promise<string> {
  const source = chromiumPackFolder();
  if (source === undefined) throw new Error('@sparticuz/chromium is not installed');
  const digest = createHash('sha256');
  for (const pack of packs) for await (const chunk of createReadStream(join(source, packFile[pack]))) digest.update(chunk as Buffer);
  const root = await cacheRoot();
  const folder = join(root, `${packs.join('-')}-${digest.digest('hex').slice(0, 16)}`);
  if (await isComplete(folder)) return folder;

  const fresh = await mkdtemp(join(root, 'unpacking-'));
  try {
    for (const pack of packs) await unpack(join(source, packFile[pack]), fresh);
    // What is there is broken, or another process has just finished the same work.
    await rename(fresh, folder).catch(async () => {
      if (await isComplete(folder)) return;
      await rm(folder, { recursive: true, force: true });
      await rename(fresh, folder);
    });
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  if (!(await isComplete(folder))) throw new Error(`files unpacked to ${folder} are not complete; remove the folder and try again`);
  return folder;
}

/** Unpacks one file into a folder and adds what it wrote to the folder's list. */
async function unpack(packed: string, folder: string): Promise<void> {
  const sizes = await readList(folder);
  const write = async (path: string, mode: number, bytes: Uint8Array): Promise<void> => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes, { mode });
    sizes[path] = bytes.length;
  };
  if (packed.endsWith('.tar.br')) {
    const archive = await promisify(brotliDecompress)(await readFile(packed));
    for (const { path, mode, bytes } of tarFiles(archive)) await write(path, mode | 0o600, bytes);
  } else {
    const path = 'chromium';
    await pipeline(createReadStream(packed), createBrotliDecompress(), createWriteStream(join(folder, path), { mode: 0o700 }));
    sizes[path] = (await stat(join(folder, path))).size;
  }
  await writeFile(join(folder, listName), JSON.stringify(sizes));
}

async function readList(folder: string): Promise<Record<string, number>> {
  try {
    return JSON.parse(await readFile(join(folder, listName), 'utf8')) as Record<string, number>;
  } catch {
    return {};
  }
}

async function isComplete(folder: string): Promise<boolean> {
  try {
    await access(folder);
    const sizes = Object.entries(await readList(folder));
    for (const [path, size] of sizes) if ((await stat(join(folder, path))).size !== size) return false;
    return sizes.length > 0;
  } catch {
    return false;
  }
}
