import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';

const ci = fileURLToPath(new URL('../.ci', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'hybridmed-lavapipe-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('scripts of .ci parse, and name no host', () => {
  for (const name of readdirSync(ci)) {
    const file = join(ci, name);
    if (!name.endsWith('.awk')) execFileSync('sh', ['-n', file]);
    expect(readFileSync(file, 'utf8'), name).not.toMatch(/\w+:\/\/|\w\.(org|com|net)\b/);
  }
});

let awk = true;
try {
  execFileSync('awk', ['BEGIN { exit 0 }']);
} catch {
  awk = false;
}

/** What .ci/mirror.awk prints for files of sources. */
function mirror(sources: Readonly<Record<string, string>>): string {
  const files = Object.entries(sources).map(([name, text]) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  });
  return execFileSync('awk', ['-v', 'codename=bookworm', '-f', join(ci, 'mirror.awk'), ...files], { encoding: 'utf8' });
}

describe.skipIf(!awk)("the mirror of the system's sources (skipped without awk)", () => {
  const debian = 'Types: deb\nURIs: https://mirror.example/debian\nSuites: bookworm bookworm-updates\nComponents: main\n';

  test('is read from deb822 files, where a comment or a second line of a field may stand between', () => {
    expect(mirror({ 'a.sources': debian })).toBe('https://mirror.example/debian\n');
    const folded = 'Types: deb deb-src\n# URIs: https://old.example/debian\nURIs:\n https://new.example/debian\nSuites: bookworm\nComponents: main\n';
    expect(mirror({ 'a.sources': `${debian.replaceAll('bookworm', 'bookworm-security')}\n${folded}` })).toBe('https://new.example/debian\n');
    expect(mirror({ 'a.sources': 'Types: deb\nURIs: mirror+file:///etc/apt/mirrors/debian.list\nSuites: bookworm\nComponents: main' })).toBe(
      'mirror+file:///etc/apt/mirrors/debian.list\n',
    );
  });

  test('is read from lists, with options or without', () => {
    expect(mirror({ 'a.list': 'deb http://mirror.example/debian/ bookworm main contrib\n' })).toBe('http://mirror.example/debian/\n');
    expect(mirror({ 'a.list': 'deb [arch=amd64 signed-by=/x.gpg] http://proxy.example/debian-remote bookworm main # ours\n' })).toBe(
      'http://proxy.example/debian-remote\n',
    );
  });

  test("is none where the sources have no binary packages of Debian's own archive, or have them switched off", () => {
    expect(mirror({ 'a.sources': `Enabled: no\n${debian}` })).toBe('');
    expect(mirror({ 'a.sources': debian.replace('deb\n', 'deb-src\n') })).toBe('');
    const lines = [
      '# deb http://mirror.example/debian bookworm main',
      'deb cdrom:[Debian]/ bookworm main',
      'deb https://other.example/linux/debian bookworm stable',
    ];
    expect(mirror({ 'a.list': `${lines.join('\n')}\n` })).toBe('');
  });
});
