import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SourceFile } from 'ts-morph';
import { Node, Project } from 'ts-morph';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Which packages of ours each package may import. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  tensor: [],
  kernels: [],
  webgpu: ['tensor', 'kernels'],
  onnx: ['tensor'],
  gpujs: ['tensor'],
  nn: ['tensor'],
  vision: ['nn', 'tensor'],
  text: ['nn', 'tensor'],
  align: ['nn', 'tensor'],
  decoder: ['nn', 'tensor'],
  data: [],
  eval: ['nn', 'tensor'],
  hybridmed: ['tensor', 'kernels', 'webgpu', 'onnx', 'gpujs', 'nn', 'vision', 'text', 'align', 'decoder', 'data', 'eval'],
};
const packages = Object.keys(arrows);

/** Entries that must run in a browser: most packages' main entries, and some beside one. */
const browserSafe: readonly (readonly [name: string, entry: string])[] = [
  ...packages.filter((name) => !['onnx', 'data'].includes(name)).map((name) => [name, 'index'] as const),
  ['data', 'browser'],
  ['hybridmed', 'film'],
];
const nativeModules = ['sharp', 'onnxruntime-node', 'koffi', 'webgpu', 'commander', 'cli-progress'];

/** Greatest number of values an entry exports; types come on top. */
const mostValues = 30;
const mostLines = 300;

const project = new Project({ skipAddingFilesFromTsConfig: true });
project.addSourceFilesAtPaths(packages.map((name) => join(root, 'packages', name, 'src/**/*.ts')));

const filesOf = (name: string): SourceFile[] => project.getSourceFiles().filter((file) => file.getFilePath().startsWith(join(root, 'packages', name, 'src')));
const shown = (file: SourceFile): string => relative(root, file.getFilePath());

/** Everything a file imports, types too, dynamic imports too. */
function specifiers(file: SourceFile): { text: string; typeOnly: boolean }[] {
  const fixed = [...file.getImportDeclarations(), ...file.getExportDeclarations()].flatMap((declaration) => {
    const text = declaration.getModuleSpecifierValue();
    return text === undefined ? [] : [{ text, typeOnly: declaration.isTypeOnly() }];
  });
  const dynamic = file.getDescendants().flatMap((node) => {
    if (!Node.isCallExpression(node) || node.getExpression().getText() !== 'import') return [];
    const [argument] = node.getArguments();
    return Node.isStringLiteral(argument) ? [{ text: argument.getLiteralValue(), typeOnly: false }] : [];
  });
  return [...fixed, ...dynamic];
}

/** The package a bare specifier names. */
const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
const ours = (specifier: string): string | undefined =>
  specifier.startsWith('@hybridmed/') ? specifier.split('/')[1] : packageOf(specifier) === 'hybridmed' ? 'hybridmed' : undefined;
const isBare = (specifier: string): boolean => !specifier.startsWith('.') && !specifier.startsWith('node:');

interface Manifest {
  dependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
}
const manifestOf = (name: string): Manifest => JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as Manifest;

describe.each(packages)('%s', (name) => {
  const files = filesOf(name);

  test('imports only the packages that the arrows allow', () => {
    const wrong = files.flatMap((file) =>
      specifiers(file).flatMap(({ text }) => (ours(text) && !arrows[name]!.includes(ours(text)!) ? [`${shown(file)} imports ${text}`] : [])),
    );
    expect(wrong).toEqual([]);
  });

  test('reaches no other package by path', () => {
    const wrong = files.flatMap((file) =>
      specifiers(file).flatMap(({ text }) =>
        text.startsWith('.') && !join(dirname(file.getFilePath()), text).startsWith(join(root, 'packages', name, 'src')) && !text.endsWith('package.json')
          ? [`${shown(file)} imports ${text}`]
          : [],
      ),
    );
    expect(wrong).toEqual([]);
  });

  test('declares what it imports, and imports what it declares', () => {
    const { dependencies = {}, peerDependencies = {} } = manifestOf(name);
    const used = new Set(
      files.flatMap((file) =>
        specifiers(file)
          .filter(({ text }) => isBare(text))
          .map(({ text }) => packageOf(text)),
      ),
    );
    // Loaded by a computed path, or only for its types.
    const exempt = new Set(['@webgpu/types', ...Object.keys(peerDependencies)]);
    expect([...used].filter((dependency) => !(dependency in dependencies) && !exempt.has(dependency) && dependency !== 'hybridmed')).toEqual([]);
    expect(Object.keys(dependencies).filter((dependency) => !used.has(dependency) && !exempt.has(dependency))).toEqual([]);
  });

  test('files say their job first, are named in kebab-case, and are short', () => {
    const wrong = files.flatMap((file) => {
      const text = file.getFullText();
      return [
        ...(text.startsWith('// ') ? [] : [`${shown(file)} does not begin with a line about its job`]),
        ...(/^[a-z0-9]+(-[a-z0-9]+)*\.ts$/.test(basename(file.getFilePath())) ? [] : [`${shown(file)} is not in kebab-case`]),
        ...(text.split('\n').length <= mostLines ? [] : [`${shown(file)} has more than ${mostLines} lines`]),
        ...(file.getDefaultExportSymbol() ? [`${shown(file)} has a default export`] : []),
      ];
    });
    expect(wrong).toEqual([]);
  });

  test('documents every export, and has few of them', () => {
    const entries = files.filter((file) =>
      ['index.ts', 'node.ts', 'protocols.ts', 'uses.ts', 'film.ts', 'browser.ts'].includes(relative(join(root, 'packages', name, 'src'), file.getFilePath())),
    );
    for (const entry of entries) {
      const exported = entry.getExportedDeclarations();
      const bare = [...exported].filter(([, declarations]) =>
        declarations.every((declaration) => {
          if (Node.isSourceFile(declaration)) return false;
          const holder = Node.isVariableDeclaration(declaration) ? declaration.getVariableStatement() : declaration;
          return Node.isJSDocable(holder) && holder.getJsDocs().length === 0;
        }),
      );
      expect(bare.map(([symbol]) => `${shown(entry)}: ${symbol}`)).toEqual([]);
      const values = [...exported].filter(([, declarations]) =>
        declarations.some((declaration) => !Node.isInterfaceDeclaration(declaration) && !Node.isTypeAliasDeclaration(declaration)),
      );
      expect(values.length, shown(entry)).toBeLessThanOrEqual(mostValues);
    }
  });

  test('has a README', () => {
    expect(existsSync(join(root, 'packages', name, 'README.md'))).toBe(true);
  });
});

/** The source of the entry that a specifier names. */
const entryOf = (specifier: string): string =>
  join(root, 'packages', ours(specifier)!, 'src', `${specifier.split('/').slice(specifier.startsWith('@') ? 2 : 1)[0] ?? 'index'}.ts`);

describe.each(browserSafe)('of %s the entry %s runs in a browser', (name, entry) => {
  test('reaches no module that only Node has', () => {
    const seen = new Map<SourceFile, string>();
    const open = [{ file: project.getSourceFileOrThrow(join(root, 'packages', name, `src/${entry}.ts`)), path: name }];
    const wrong: string[] = [];
    while (open.length > 0) {
      const { file, path } = open.pop()!;
      if (seen.has(file)) continue;
      seen.set(file, path);
      for (const { text, typeOnly } of specifiers(file)) {
        if (typeOnly) continue;
        if (text.startsWith('node:') || nativeModules.includes(packageOf(text))) wrong.push(`${shown(file)} imports ${text} (reached from ${path})`);
        const target = text.startsWith('.') ? join(dirname(file.getFilePath()), text) : ours(text) ? entryOf(text) : undefined;
        const next = target && project.getSourceFile(target);
        if (next) open.push({ file: next, path: shown(file) });
      }
    }
    expect(wrong).toEqual([]);
  });
});

test('model packages, losses and the decoder name no device', () => {
  const wrong = ['nn', 'vision', 'text', 'align', 'decoder'].flatMap((name) =>
    filesOf(name).flatMap((file) => (/\b(webgpuDevice|cpuDevice|gpujsDevice|plainDevice)\b/.test(file.getFullText()) ? [shown(file)] : [])),
  );
  expect(wrong).toEqual([]);
});
