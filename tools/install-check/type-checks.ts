// Types of installed packages in strict projects, under every TypeScript and both ways of resolving modules that are supported.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Workshop } from './projects.ts';
import { entriesOf, installTools } from './projects.ts';

/** Versions of TypeScript, the first the oldest that is supported. */
export const typescripts = ['5.9', '6', '7'] as const;
export const resolutions = ['nodenext', 'bundler'] as const;

/** One strict project: what the compiler said, by number of errors. */
export interface TypeCheck {
  readonly package: string;
  readonly typescript: string;
  readonly resolution: (typeof resolutions)[number];
  readonly errors: number;
  readonly first?: string;
}

/** Compiles a module that imports every entry of a package with one compiler; `skipLibCheck` is off, so that declarations are checked too. */
async function checkTypes(
  project: string,
  name: string,
  compiler: string,
  resolution: (typeof resolutions)[number],
): Promise<Pick<TypeCheck, 'errors' | 'first'>> {
  const entries = entriesOf(project, name);
  const lines = entries.map((entry, i) => `import * as entry${i} from ${JSON.stringify(entry)};`);
  writeFileSync(
    join(project, 'use.ts'),
    `${lines.join('\n')}\nexport const names: string[] = [${entries.map((_, i) => `entry${i}`).join(', ')}].flatMap((entry) => Object.keys(entry));\n`,
  );
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    target: 'es2023',
    lib: ['es2023', 'dom', 'dom.iterable', 'dom.asynciterable'],
    types: ['node'],
    module: resolution === 'nodenext' ? 'nodenext' : 'esnext',
    moduleResolution: resolution,
  };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['use.ts'] }));
  const output = await promisify(execFile)(process.execPath, [compiler, '--pretty', 'false', '-p', 'tsconfig.json'], { cwd: project, maxBuffer: 2 ** 26 }).then(
    ({ stdout }) => stdout,
    ({ stdout, stderr }: { stdout: string; stderr: string }) => stdout || stderr,
  );
  const errors = output.split('\n').filter((line) => /\berror TS\d+:/.test(line));
  if (errors.length === 0 && output.trim() !== '') throw new Error(output);
  return errors.length === 0 ? { errors: 0 } : { errors: errors.length, first: errors[0]!.slice(0, 300) };
}

/** Every TypeScript and resolution over packages that `project` has installed, with `@types/node`. */
export async function checkAllTypes({ folder, registry }: Workshop, project: string, names: readonly string[]): Promise<TypeCheck[]> {
  const rows: TypeCheck[] = [];
  for (const typescript of typescripts) {
    const own = join(folder, `typescript-${typescript}`);
    await installTools(own, registry, [`typescript@${typescript}`]);
    const compiler = join(own, 'node_modules/typescript/bin/tsc');
    for (const name of names)
      for (const resolution of resolutions) rows.push({ package: name, typescript, resolution, ...(await checkTypes(project, name, compiler, resolution)) });
  }
  return rows;
}
