// What docs/install.md says of install scripts, licences and telemetry is what the lock file and the scripts say.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const text = readFileSync(join(root, 'docs/install.md'), 'utf8');

interface Locked {
  readonly dev?: boolean;
  readonly license?: string;
  readonly hasInstallScript?: boolean;
}
const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: Readonly<Record<string, Locked>> };
/** What users get: dependencies, optional ones, and peers. */
const installed = Object.entries(packages).filter(([path, { dev }]) => path.startsWith('node_modules/') && !dev && !path.includes('hybridmed'));
const nameOf = (path: string): string => path.replace(/^.*node_modules\//, '');

test('every dependency with an install script is named', () => {
  const section = /^## Install scripts\n([\s\S]*?)^## /m.exec(text)![1]!;
  const named = [...section.matchAll(/^\| `([^`]+)`/gm)].map(([, name]) => name!);
  const scripted = installed.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => nameOf(path));
  expect(named.toSorted()).toEqual(scripted.toSorted());
});

test('every dependency under a licence with conditions on its users is named', () => {
  const known = ['MIT', 'Apache-2.0', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', '(MIT OR CC0-1.0)'];
  const named = [...text.matchAll(/`(@img\/[^`*]+)\*?`/g)].map(([, name]) => name!);
  const licences = installed.map(([path, { license }]) => {
    const own = license ?? (JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8')) as { license?: string }).license;
    return { name: nameOf(path), license: own ?? 'none' };
  });
  const others = licences.filter(({ license }) => !known.includes(license));
  expect(others.filter(({ license }) => license.includes('LGPL')).length).toBeGreaterThan(5);
  expect(others.filter(({ name, license }) => !license.includes('LGPL') || !named.some((prefix) => name.startsWith(prefix)))).toEqual([]);
});

test("no script of the repository starts turbo with its telemetry, and its runner's turbo has none", async () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Readonly<Record<string, string>> };
  const bare = Object.values(scripts).filter((script) => /(?:^|[\s&|;])turbo\s/.test(script));
  expect(bare).toEqual([]);
  const { stdout } = await promisify(execFile)(process.execPath, [join(root, 'tools/turbo.mjs'), 'telemetry', 'status'], {
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '', DO_NOT_TRACK: '' },
  });
  expect(stdout).toContain('Status: Disabled');
});
