import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { linksOf } from '../links.ts';
import { absoluteLinks, addressesOf, publishedFolders, readManifest } from './addresses.ts';
import type { PublishedPackage } from './dry-run.ts';
import { copyCheckout, dryRun } from './dry-run.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folders = publishedFolders(root);
const built = folders.every((folder) => existsSync(join(root, folder, 'dist/index.js')));
const addresses = { repository: 'https://git.example/owner/name', branch: 'main' };

describe('packages of one version', () => {
  const { version } = readManifest(join(root, 'packages/hybridmed'));

  test.each(folders)('%s has it, depends on others of ours at it, and has keywords', (folder) => {
    const manifest = readManifest(join(root, folder));
    expect(manifest.version).toBe(version);
    const ours = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }).filter(([name]) => /^(?:@hybridmed\/|hybridmed$)/.test(name));
    expect(ours.filter(([, range]) => range !== version)).toEqual([]);
    expect(manifest.keywords?.length).toBeGreaterThan(2);
  });
});

describe('addresses', () => {
  test('links of a README are made absolute, those in code and anchors are not', () => {
    const text =
      'A [page](../../docs/hub.md#limits), [`code`](../nn), [own](#limits), [host](https://host.example), ![p](../../docs/p.png)\n`[a](b)`\n```\n[c](d)\n```\n';
    expect(absoluteLinks(root, 'packages/text/README.md', text, addresses)).toBe(
      'A [page](https://git.example/owner/name/blob/main/docs/hub.md#limits), [`code`](https://git.example/owner/name/blob/main/packages/nn), [own](#limits), [host](https://host.example), ![p](https://git.example/owner/name/raw/main/docs/p.png)\n`[a](b)`\n```\n[c](d)\n```\n',
    );
  });

  test('an address that is none is named', () => {
    const folder = mkdtempSync(join(tmpdir(), 'hybridmed-addresses-'));
    execFileSync('mkdir', ['-p', join(folder, 'tools/release')]);
    for (const repository of ['http://git.example/owner/name', 'git.example/owner', 'https://git.example/owner/name.git']) {
      writeFileSync(join(folder, 'tools/release/addresses.json'), JSON.stringify({ repository }));
      expect(() => addressesOf(folder)).toThrow(`repository is "${repository}"; write https://HOST/OWNER/NAME`);
    }
    rmSync(folder, { recursive: true });
  });
});

test('workflows read nothing that they should not: rights are named, and a release signs its provenance', () => {
  const workflow = (name: string) => {
    const text = readFileSync(join(root, '.github/workflows', name), 'utf8');
    return { text, jobs: (parse(text) as { jobs: Readonly<Record<string, { permissions?: object }>> }).jobs };
  };
  expect(readdirSync(join(root, '.github/workflows')).toSorted()).toEqual(['ci.yml', 'release.yml']);
  expect(workflow('ci.yml').text).toContain('run: sh .ci/run');
  const release = workflow('release.yml');
  expect(release.jobs.publish!.permissions).toEqual({ contents: 'write', 'id-token': 'write' });
  expect(release.text).toContain("NPM_CONFIG_PROVENANCE: 'true'");
  for (const name of ['ci.yml', 'release.yml']) {
    expect(workflow(name).text).toMatch(/^permissions:\n {2}contents: read$/m);
    const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { packageManager: string };
    expect(workflow(name).text).toContain(`npm install --global ${packageManager}`);
    // Every file and script of the repository that a workflow names is there.
    const files = [...workflow(name).text.matchAll(/(?:sh|vitest run) ((?:\.ci|tools)\/\S+(?: tools\/\S+)*)/g)].flatMap(([, list]) => list!.split(' '));
    expect(files.length).toBeGreaterThan(0);
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  }
});

// What is published is what `npm run build` makes; `npm test` builds first.
describe.skipIf(!built)('a release, tried in a copy (skipped before npm run build)', () => {
  const copy = mkdtempSync(join(tmpdir(), 'hybridmed-release-'));
  afterAll(() => rmSync(copy, { recursive: true, force: true }));
  let published: PublishedPackage[] = [];
  beforeAll(async () => {
    await copyCheckout(root, copy);
    writeFileSync(join(copy, 'tools/release/addresses.json'), JSON.stringify(addresses));
    published = await dryRun(copy);
  });

  test('every package would be published, in one version: the first is 0.1.0', () => {
    expect(published.map(({ name }) => name)).toEqual(folders.map((folder) => readManifest(join(root, folder)).name));
    const { version } = readManifest(join(root, 'packages/hybridmed'));
    const versions = new Set(published.map((one) => one.version));
    expect(versions.size).toBe(1);
    if (version === '0.0.0') expect([...versions]).toEqual(['0.1.0']);
  });

  test.each(folders)('%s has a changelog that says something, its addresses, and a README whose links lead somewhere', (folder) => {
    const { name } = readManifest(join(root, folder));
    const { version, changelog, files } = published.find((one) => one.name === name)!;
    expect(changelog).toMatch(new RegExp(`^# ${name}\\n\\n## ${version.replaceAll('.', '\\.')}\\n`));
    expect(changelog.split(/\s+/).length).toBeGreaterThan(25);
    expect(changelog).not.toContain('Updated dependencies');
    for (const file of ['CHANGELOG.md', 'README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts']) expect(files).toContain(file);
    const manifest = readManifest(join(copy, folder));
    expect(manifest).toMatchObject({
      homepage: `https://git.example/owner/name/tree/main/${folder}#readme`,
      repository: { type: 'git', url: 'git+https://git.example/owner/name.git', directory: folder },
      bugs: { url: 'https://git.example/owner/name/issues' },
    });
    const ours = Object.entries(manifest.dependencies ?? {}).filter(([dependency]) => dependency.startsWith('@hybridmed/'));
    expect(ours.filter(([, range]) => range !== version)).toEqual([]);
    const links = linksOf(readFileSync(join(copy, folder, 'README.md'), 'utf8'));
    expect(links.filter((link) => !/^(?:https?:|mailto:|#)/.test(link))).toEqual([]);
    const inRepository = links.flatMap((link) => /\/(?:blob|raw)\/main\/([^#]*)/.exec(link)?.[1] ?? []);
    expect(inRepository.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});
