// A release without publishing it: in a copy of the checkout, `changeset version`, the addresses, and `npm publish --dry-run` of every package.
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { fillAddresses, publishedFolders, readManifest } from './addresses.ts';

const run = promisify(execFile);
const maxBuffer = 2 ** 26;

/** One package as it would be published. */
export interface PublishedPackage {
  readonly name: string;
  readonly version: string;
  /** Bytes of the tarball, and of what is in it. */
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly string[];
  readonly changelog: string;
}

/** The files of git, committed or not, and what the build made, in a repository of their own. Throws an Error where nothing is built. */
export async function copyCheckout(root: string, copy: string): Promise<void> {
  const listed = await run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root, maxBuffer });
  for (const file of listed.stdout.split('\0').filter((name) => name !== '' && existsSync(join(root, name)))) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(root, file), join(copy, file), { verbatimSymlinks: true });
  }
  for (const folder of publishedFolders(root)) {
    if (!existsSync(join(root, folder, 'dist/index.js'))) throw new Error(`${folder} is not built; run npm run build first`);
    cpSync(join(root, folder, 'dist'), join(copy, folder, 'dist'), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'junction');
  const identity = ['-c', 'user.name=release', '-c', 'user.email=release@localhost', '-c', 'commit.gpgsign=false'];
  for (const words of [
    ['init', '--quiet', '--initial-branch=main'],
    ['add', '--all'],
    [...identity, 'commit', '--quiet', '--message=copy'],
  ])
    await run('git', words, { cwd: copy, maxBuffer });
}

/** What `npm publish --dry-run --json` says of each workspace that is not private, by name. */
type Printed = Readonly<Record<string, { readonly size: number; readonly unpackedSize: number; readonly files: readonly { path: string }[] }>>;

/** Gives the packages of `copy`, which `copyCheckout` made, their next version, CHANGELOGs and addresses; gives the version. */
export async function versionAndFill(copy: string): Promise<string> {
  await run(process.execPath, [join(copy, 'node_modules/@changesets/cli/bin.js'), 'version'], { cwd: copy, maxBuffer });
  fillAddresses(copy);
  return readManifest(join(copy, 'packages/hybridmed')).version;
}

/** All packages as a release from `copy`, which `copyCheckout` made, would publish them. */
export async function dryRun(copy: string): Promise<PublishedPackage[]> {
  await versionAndFill(copy);
  const options = ['--workspaces', '--dry-run', '--json', '--ignore-scripts', '--access=public'];
  const { stdout } = await run('npm', ['publish', ...options], { cwd: copy, maxBuffer });
  const printed = JSON.parse(stdout) as Printed;
  return publishedFolders(copy).map((folder) => {
    const { name, version } = readManifest(join(copy, folder));
    const { size, unpackedSize, files } = printed[name]!;
    const changelog = join(copy, folder, 'CHANGELOG.md');
    return { name, version, size, unpackedSize, files: files.map(({ path }) => path), changelog: existsSync(changelog) ? readFileSync(changelog, 'utf8') : '' };
  });
}
