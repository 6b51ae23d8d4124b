import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SourceFile } from 'ts-morph';
import { Node, Project } from 'ts-morph';
import { describe, expect, test } from 'vitest';
import { arrows, needsNode, nativeModules } from './arrows.ts';
import { cycles } from './support/cycles.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

const packages = Object.keys(arrows);

/** Maximum number of values an entry exports; types come on top. */
const mostValues = 30;
const mostLines = 250;
const mostFunctionLines = 60;
const mostPackageLines = 8500;

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

/** Whether a package may import what a specifier names: the package, or, where only that is allowed, one entry of it. */
const mayImport = (name: string, specifier: string): boolean =>
  arrows[name]!.includes(ours(specifier)!) || arrows[name]!.includes(specifier.replace('@hybridmed/', ''));

type Exports = Readonly<Record<string, string | { readonly 'hybridmed-source': string }>>;

interface Manifest {
  name: string;
  exports: Exports;
  dependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  imports?: Record<string, unknown>;
}
const manifestOf = (name: string): Manifest => JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as Manifest;

/** Entries of a package: what is imported, and the source behind it. */
const entriesOf = (name: string): { specifier: string; source: string }[] => {
  const { name: published, exports } = manifestOf(name);
  return Object.entries(exports).flatMap(([key, value]) =>
    typeof value === 'string' ? [] : [{ specifier: published + key.slice(1), source: join(root, 'packages', name, value['hybridmed-source']) }],
  );
};

/** Functions of a file that are longer than a screen. */
const longFunctions = (file: SourceFile): string[] =>
  file.getDescendants().flatMap((node) => {
    if (!Node.isFunctionLikeDeclaration(node)) return [];
    const lines = node.getEndLineNumber() - node.getStartLineNumber() + 1;
    return lines <= mostFunctionLines ? [] : [`${shown(file)}:${node.getStartLineNumber()} is a function of ${lines} lines`];
  });

/** Files of ours that a file imports by path. */
const importedFiles = (file: SourceFile): string[] =>
  specifiers(file).flatMap(({ text }) => {
    const target = text.startsWith('.') ? project.getSourceFile(join(dirname(file.getFilePath()), text)) : undefined;
    return target ? [shown(target)] : [];
  });

const foldersBelow = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [join(folder, entry.name), ...foldersBelow(join(folder, entry.name))] : [],
  );

describe.each(packages)('%s', (name) => {
  const files = filesOf(name);

  test('imports only the packages that the arrows allow', () => {
    const wrong = files.flatMap((file) =>
      specifiers(file).flatMap(({ text }) => (ours(text) && !mayImport(name, text) ? [`${shown(file)} imports ${text}`] : [])),
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
    const { dependencies = {}, peerDependencies = {}, imports = {} } = manifestOf(name);
    const used = new Set(
      files.flatMap((file) =>
        specifiers(file)
          .filter(({ text }) => isBare(text))
          .map(({ text }) => packageOf(text)),
      ),
    );
    // Loaded by a computed path, only for its types, or bundled when it is built.
    const exempt = new Set(['@webgpu/types', ...Object.keys(peerDependencies), ...Object.keys(imports)]);
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
        ...longFunctions(file),
        ...(file.getDefaultExportSymbol() ? [`${shown(file)} has a default export`] : []),
      ];
    });
    expect(wrong).toEqual([]);
  });

  test('is small enough to be known by heart', () => {
    const lines = files.reduce((total, file) => total + file.getEndLineNumber(), 0);
    expect(lines).toBeLessThanOrEqual(mostPackageLines);
  });

  test('documents every export, and has few of them', () => {
    const entries = entriesOf(name).map(({ source }) => project.getSourceFileOrThrow(source));
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
const entryOf = (specifier: string): string | undefined => entriesOf(ours(specifier)!).find((entry) => entry.specifier === specifier)?.source;

const browserEntries = packages.flatMap((name) => entriesOf(name)).filter(({ specifier }) => !needsNode(specifier));

describe.each(browserEntries)('$specifier runs in a browser', ({ specifier, source }) => {
  test('reaches no module that only Node has', () => {
    const visited = new Map<SourceFile, string>();
    const open = [{ file: project.getSourceFileOrThrow(source), path: specifier }];
    const wrong: string[] = [];
    while (open.length > 0) {
      const { file, path } = open.pop()!;
      if (visited.has(file)) continue;
      visited.set(file, path);
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

test('the command line loads no model, schemas or progress bars before it knows what to do', () => {
  const light = ['hybridmed', 'training', 'runtime', 'tasks', 'model', 'data', 'images', 'inputs', 'tensor'];
  const open = [project.getSourceFileOrThrow(join(root, 'packages/hybridmed/src/cli/main.ts'))];
  const reached = new Set(open);
  const wrong: string[] = [];
  while (open.length > 0) {
    const file = open.pop()!;
    for (const declaration of [...file.getImportDeclarations(), ...file.getExportDeclarations()]) {
      const specifier = declaration.getModuleSpecifierValue();
      if (specifier === undefined || declaration.isTypeOnly()) continue;
      const name = ours(specifier);
      if (isBare(specifier) && (name ? !light.includes(name) : specifier !== 'commander')) wrong.push(`${shown(file)} imports ${specifier}`);
      const next = project.getSourceFile(specifier.startsWith('.') ? join(dirname(file.getFilePath()), specifier) : ((name && entryOf(specifier)) ?? ''));
      if (!next || reached.has(next)) continue;
      reached.add(next);
      open.push(next);
    }
  }
  expect(wrong).toEqual([]);
});

test('no file is part of an import cycle, type imports included', () => {
  expect(cycles(new Map(project.getSourceFiles().map((file) => [shown(file), importedFiles(file)])))).toEqual([]);
});

test('no folder below a src holds one file and nothing else', () => {
  const lonely = packages
    .flatMap((name) => foldersBelow(join(root, 'packages', name, 'src')))
    .filter((folder) => {
      const entries = readdirSync(folder);
      return entries.length === 1 && !statSync(join(folder, entries[0]!)).isDirectory();
    });
  expect(lonely.map((folder) => relative(root, folder))).toEqual([]);
});

test('model packages, losses and the decoder name no device', () => {
  const wrong = ['nn', 'vision', 'text', 'align', 'decoder'].flatMap((name) =>
    filesOf(name).flatMap((file) => (/\b(webgpuDevice|cpuDevice|gpujsDevice|plainDevice)\b/.test(file.getFullText()) ? [shown(file)] : [])),
  );
  expect(wrong).toEqual([]);
});
