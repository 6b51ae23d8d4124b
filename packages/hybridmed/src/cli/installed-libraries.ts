// Versions of the libraries behind the devices and the data, as our packages find them.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Libraries, each with the packages of ours through which it is found. */
const libraries: Readonly<Record<string, readonly string[]>> = {
  'onnxruntime-node': ['@hybridmed/runtime', '@hybridmed/onnx'],
  webgpu: ['@hybridmed/webgpu'],
  sharp: ['@hybridmed/data'],
  koffi: ['@hybridmed/ranks'],
};

const versionIn = (file: string): string => (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;

/** Version of a library as our packages find it; null where it is not installed. */
function libraryVersion(name: string, through: readonly string[]): string | null {
  try {
    let from = import.meta.url;
    for (const owner of through) from = createRequire(from).resolve(`${owner}/package.json`);
    for (let folder = dirname(from); folder !== dirname(folder); folder = dirname(folder)) {
      const file = join(folder, 'node_modules', name, 'package.json');
      if (existsSync(file)) return versionIn(file);
    }
    return null;
  } catch {
    return null;
  }
}

/** Version of each library; null where it is not installed. */
export const libraryVersions = (): Record<string, string | null> =>
  Object.fromEntries(Object.entries(libraries).map(([name, through]) => [name, libraryVersion(name, through)]));

/** Libraries with their versions, as a line. */
export const formatVersions = (versions: Readonly<Record<string, string | null>>): string =>
  Object.entries(versions)
    .map(([name, value]) => `${name} ${value ?? '(not installed)'}`)
    .join(', ') || 'none';
