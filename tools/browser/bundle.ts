// Bundles TypeScript entries for the browser from the packages' sources, in memory.
import { isBuiltin } from 'node:module';
import { build } from 'vite';

/** Bundled files by URL path, an entry `NAME` as `/NAME.js`. Throws an Error when something reaches a module that only Node has. */
export async function bundleForBrowser(entries: Readonly<Record<string, string>>, { minify = false } = {}): Promise<Map<string, string | Uint8Array>> {
  const output = await build({
    configFile: false,
    logLevel: 'silent',
    base: './',
    resolve: { conditions: ['hybridmed-source', 'module', 'browser', 'import', 'default'] },
    plugins: [
      {
        name: 'no-node-modules',
        enforce: 'pre',
        resolveId(id, importer) {
          if (isBuiltin(id) && !id.endsWith('/')) throw new Error(`${importer ?? 'the entry'} imports ${id}, which no browser has`);
        },
      },
    ],
    build: {
      write: false,
      target: 'esnext',
      minify,
      modulePreload: false,
      rolldownOptions: { input: { ...entries }, output: { entryFileNames: '[name].js' } },
    },
  });
  if (!('output' in output)) throw new Error(`vite gave no bundle for ${Object.values(entries).join(', ')}`);
  return new Map(output.output.map((file) => [`/${file.fileName}`, file.type === 'chunk' ? file.code : file.source]));
}
