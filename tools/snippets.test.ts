// Every block of every document that is marked as code: programs run as pasted, command lines are ones that the command line takes, configuration
// files are read as commands read them, and what snippets import is what the document says to install.
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { readConfig } from '../packages/hybridmed/src/cli/config-file.ts';
import { pretrain } from '../packages/hybridmed/src/cli/commands/pretrain.ts';
import { loadOptions } from '../packages/hybridmed/src/cli/define-command.ts';
import { commandProblem } from '../packages/hybridmed/test/support/command-lines.ts';
import { shellCommands } from './shell-lines.ts';
import type { Snippet } from './snippets.ts';
import { importsOf, installedBy, snippetsIn, snippetsOf } from './snippets.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
// Inside the repository, so that imports resolve as they do in a project that has installed the packages.
const cache = join(root, 'node_modules/.cache');
mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(join(cache, 'snippets-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const snippets = snippetsOf(root);
const inLanguage = (...languages: readonly string[]): Snippet[] => snippets.filter(({ language }) => languages.includes(language));
const programs = inLanguage('ts', 'js', 'mjs', 'javascript', 'typescript');

test('every block says what it is, in a language that is tested here; text and listings are no code', () => {
  const tested = ['ts', 'js', 'sh', 'bash', 'json', 'yaml', 'python'];
  expect(snippets.length).toBeGreaterThan(80);
  expect(snippets.filter(({ language }) => ![...tested, '', 'text'].includes(language)).map(({ place, language }) => `${place}: ${language}`)).toEqual([]);
});

/** What a program prints, run on the packages' sources. */
async function runProgram(file: string, cwd: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=hybridmed-source', '--import', import.meta.resolve('tsx'), file], { cwd });
  return stdout;
}

/** Snippets that stand in files of theirs, with what they find there and what must be so afterwards. */
const inFiles: Readonly<Record<string, { before?: (cwd: string) => void; after: (cwd: string, file: string) => Promise<void> | void }>> = {
  'docs/data/covid-chestxray.md': {
    before: (cwd) =>
      writeFileSync(
        join(cwd, 'metadata.csv'),
        'patientid,view,modality,finding,filename\n1,PA,X-ray,No Finding,a.png\n2,AP,X-ray,Pneumonia,b.png\n2,L,X-ray,Pneumonia,c.png\n3,Axial,CT,Pneumonia,d.png\n4,PA,X-ray,Pneumonia,a.png\n',
      ),
    after: (cwd) => expect(readFileSync(join(cwd, 'normal.csv'), 'utf8')).toBe('image,patient,split,normal\na.png,4,test,0\nb.png,2,test,0\n'),
  },
  'packages/hybridmed/README.md': {
    after: async (cwd, file) => {
      const check = join(cwd, 'check.mjs');
      const lines = [
        "import { checkEncoder } from 'hybridmed/encoders';",
        `import { createVisionEncoder } from ${JSON.stringify(pathToFileURL(file).href)};`,
        'console.log((await checkEncoder(createVisionEncoder({ size: 32, channels: 1 }))).length);',
      ];
      writeFileSync(check, lines.join('\n'));
      expect(Number(await runProgram(check, cwd))).toBeGreaterThan(3);
    },
  },
};

describe('programs', () => {
  test.concurrent.each(programs.map((snippet) => [snippet.place, snippet] as const))('%s runs as pasted', async (_, { place, document, language, code }) => {
    const cwd = join(folder, place.replaceAll(/[/:]/g, '-'));
    mkdirSync(cwd);
    const file = join(cwd, language === 'ts' ? 'snippet.mts' : 'snippet.mjs');
    writeFileSync(file, code);
    const own = language === 'ts' ? undefined : inFiles[document];
    own?.before?.(cwd);
    await runProgram(file, cwd);
    await own?.after(cwd, file);
  });

  test('each package shows one', () => {
    const shown = new Set(programs.map(({ document }) => document));
    const documents = snippets.map(({ document }) => document).filter((path) => /^packages\/[^/]+\/README\.md$/.test(path));
    expect([...new Set(documents)].filter((path) => !shown.has(path))).toEqual([]);
    expect(shown).toContain('README.md');
  });

  test.each([...new Set(programs.map(({ document }) => document))])('%s: they import only what its install lines install', (document) => {
    const own = snippets.filter((snippet) => snippet.document === document);
    const installed = installedBy(own);
    const missing = own
      .filter(({ language }) => ['ts', 'js'].includes(language))
      .flatMap((snippet) => importsOf(snippet).filter((name) => !installed.includes(name)));
    expect([...new Set(missing)]).toEqual([]);
  });
});

/** The program of a command line and its words, behind what starts several of them. */
function started(words: readonly string[]): readonly string[] {
  if (!['mpirun', 'mpiexec', 'srun'].includes(words[0]!)) return words[0] === 'npx' ? words.slice(1) : words;
  const at = words.findIndex((word) => /(?:^|\/)(?:npx|node|hybridmed)$/.test(word));
  return at < 0 ? words : started(words.slice(at));
}

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Readonly<Record<string, string>> };
const locked = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: Readonly<Record<string, unknown>> };
/** What the shell or the system brings. */
const ofTheSystem = ['if', 'then', 'fi', 'exit', 'scontrol', 'sh', 'node', 'pip', 'cd', 'git', 'cat'];

/** The configuration files that documents show, by the names that command lines give them. */
const settingsFile = join(folder, 'settings.yaml');
writeFileSync(settingsFile, snippets.find(({ document, language }) => document === 'docs/settings.md' && language === 'yaml')!.code);
const withFiles = (word: string): string =>
  word === 'settings.yaml' ? settingsFile : existsSync(join(root, 'configs', word.replace(/^configs\//, ''))) ? join(root, word) : word;

/** What is wrong with a command line, undefined where nothing is. */
async function problemOf(command: readonly string[]): Promise<string | undefined> {
  const [program = '', ...words] = started(command);
  if (/(?:^|\/)hybridmed$/.test(program)) return commandProblem(words.filter((word) => word !== '...').map(withFiles));
  if (program === 'npm') {
    const [task = '', script = ''] = words;
    if (task === 'run') return script in manifest.scripts ? undefined : `there is no script ${script}`;
    if (task === 'test' || task === 'ci') return undefined;
    const names = installedBy([{ place: '', document: '', language: 'sh', code: command.join(' ') }]);
    const unknown = names.filter((name) => !(`node_modules/${name}` in locked.packages));
    return task === 'install' && unknown.length === 0 ? undefined : `npm ${task} ${unknown.join(' ')}`;
  }
  if (program === 'tsx') return words.some((word) => existsSync(join(root, word))) ? undefined : 'the file does not exist';
  return ofTheSystem.includes(program) ? undefined : `${program} is unknown`;
}

describe('command lines', () => {
  const shells = inLanguage('sh', 'bash');

  test.each(shells.map((snippet) => [snippet.place, snippet] as const))('%s: programs and flags exist', async (_, { code }) => {
    expect(spawnSync('bash', ['-n'], { input: code, encoding: 'utf8' }).stderr).toBe('');
    const found = shellCommands(code);
    expect(found.length).toBeGreaterThan(0);
    const problems: string[] = [];
    for (const command of found) {
      const problem = await problemOf(command);
      if (problem !== undefined) problems.push(`${command.join(' ')}: ${problem}`);
    }
    expect(problems).toEqual([]);
  });

  test('what is wrong with one is said', async () => {
    expect(await problemOf(['npx', 'hybridmed', 'pretrain', '--data', 'openi:DIR', '--nosuch'])).toContain("unknown option '--nosuch'");
    expect(await problemOf(['mpirun', '-n', '2', 'npx', 'hybridmed', 'nosuch'])).toContain("unknown command 'nosuch'");
    expect(await problemOf(['hybridmed', 'pretrain', '--batch', 'many', '--data', 'openi:DIR'])).toContain('many');
    expect(await problemOf(['npm', 'run', 'nosuch'])).toBe('there is no script nosuch');
    expect(await problemOf(['nosuch'])).toBe('nosuch is unknown');
  });

  test('shell is read as words: quotes, comments, continued lines, pipes, redirections, assignments', () => {
    expect(shellCommands('A=1 a "b c" \'d\' --e="f g" # h\ni \\\n  j > k && l | m 2>> n\no <<"END"\np\nEND\n')).toEqual([
      ['a', 'b c', 'd', '--e=f g'],
      ['i', 'j'],
      ['l'],
      ['m'],
      ['o'],
    ]);
  });
});

describe('files', () => {
  test.each(inLanguage('json').map((snippet) => [snippet.place, snippet] as const))('%s is JSON', (_, { code }) => {
    expect(Object.keys(JSON.parse(code) as object).length).toBeGreaterThan(0);
  });

  test.each(inLanguage('yaml').map((snippet) => [snippet.place, snippet] as const))(
    '%s is YAML, and settings are ones of pretrain',
    async (place, { code }) => {
      const [document] = parseAllDocuments(code);
      expect(document!.errors).toEqual([]);
      if (/^apiVersion:/m.test(code)) return;
      const file = join(folder, `${place.replaceAll(/[/:]/g, '-')}.yaml`);
      writeFileSync(file, code);
      expect(Object.keys(await readConfig(file, await loadOptions(pretrain))).length).toBeGreaterThan(1);
    },
  );

  const python = ((): boolean => {
    try {
      execFileSync('python3', ['--version'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  })();
  test.skipIf(!python).each(inLanguage('python').map((snippet) => [snippet.place, snippet] as const))(
    '%s is Python (skipped without python3)',
    (_, { code }) => {
      expect(spawnSync('python3', ['-c', 'import ast, sys; ast.parse(sys.stdin.read())'], { input: code, encoding: 'utf8' }).stderr).toBe('');
    },
  );
});

test('the command lines in Kubernetes jobs exist too', async () => {
  const jobs = inLanguage('yaml').filter(({ code }) => code.startsWith('apiVersion:'));
  expect(jobs.length).toBeGreaterThan(0);
  for (const { code } of jobs) {
    const words = [...code.matchAll(/^\s+- '?([^\s'].*?)'?$/gm)].map(([, word]) => word!);
    const at = words.findIndex((word) => word.endsWith('/hybridmed'));
    const end = words.findIndex((word, i) => i > at && !word.startsWith('-') && i > at + 1);
    expect(await commandProblem(words.slice(at + 1, end))).toBeUndefined();
  }
});

describe('reading of documents', () => {
  test('blocks have places, languages and imports', () => {
    const text =
      'a\n```ts\nimport { a } from "@x/y/z";\nimport "b";\nawait import(\'c/d\');\nimport e from "node:fs";\n```\n````sh\nnpm install a@1 @x/y@2.0.0 --save b # c\n````\n';
    const [program, shell] = snippetsIn('d.md', text);
    expect([program!.place, program!.language, importsOf(program!)]).toEqual(['d.md:2', 'ts', ['@x/y', 'b', 'c']]);
    expect(installedBy([shell!])).toEqual(['a', '@x/y', 'b']);
  });
});
