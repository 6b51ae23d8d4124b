// Bundles what the device uses of gpu.js into dist/gpujs: gpu.js depends on a whole Dawn, and optionally on a native WebGL with an install
// script, of which this device needs neither.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const require = createRequire(import.meta.url);
const folder = fileURLToPath(new URL('../dist/gpujs/', import.meta.url));

/** The folder of the package that a bundled module is of. */
const packageOf = (module) => /^(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/.exec(module)?.[1];

/**
 * gpu.js asks for its optional native WebGL by `require`, which an ES module lacks. A machine that has the package `gl` beside this one still
 * uses it; elsewhere, as before, there is none.
 */
const nativeWebgl = {
  name: 'native-webgl',
  resolveId: (name) => (name === 'gl' ? '\0gl' : undefined),
  load: (id) =>
    id === '\0gl'
      ? "const node = globalThis.process?.getBuiltinModule?.('node:module');\nif (!node) throw new Error('no native WebGL');\nmodule.exports = node.createRequire(import.meta.url)('gl');\n"
      : undefined,
};

/** gpu.js makes kernels of every backend; those that this device never opens are left out. */
const unused = /gpu\.js[\\/]src[\\/]backend[\\/](?:web-gpu|web-assembly)[\\/]/;
const withoutUnused = {
  name: 'without-unused-backends',
  load: (id) =>
    unused.test(id) ? `class Unused { static get isSupported() { return false; } }\nmodule.exports = new Proxy({}, { get: () => Unused });\n` : undefined,
};

const bundle = await rolldown({ input: require.resolve('gpu.js'), platform: 'neutral', plugins: [nativeWebgl, withoutUnused], logLevel: 'warn' });
const { output } = await bundle.generate({ format: 'esm', minify: true, legalComments: 'none' });
await bundle.close();
const [chunk] = output;
if (output.length !== 1 || chunk.imports.length > 0) throw new Error(`the bundle of gpu.js imports ${chunk.imports.join(', ') || 'other chunks'}`);

const packages = [...new Set(Object.keys(chunk.modules).flatMap((module) => packageOf(module) ?? []))];
const licences = await Promise.all(
  packages.map(async (path) => {
    const { name, version, license } = JSON.parse(await readFile(join(path, 'package.json'), 'utf8'));
    return `${name} ${version} (${license})\n\n${(await readFile(join(path, 'LICENSE'), 'utf8')).trim()}\n`;
  }),
);
await mkdir(dirname(join(folder, 'index.js')), { recursive: true });
await writeFile(join(folder, 'index.js'), `// Bundled from ${packages.length} packages; LICENSES.txt has their licences.\n${chunk.code}`);
await writeFile(join(folder, 'LICENSES.txt'), licences.join(`\n${'-'.repeat(80)}\n\n`));
