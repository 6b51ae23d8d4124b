// `npm run check:release` shows what a release would publish, without publishing; `npm run check:release -- fill` writes the public addresses
// into this checkout, which the release's workflow does before it publishes.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addressesOf, fillAddresses } from './addresses.ts';
import { copyCheckout, dryRun } from './dry-run.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

async function show(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'hybridmed-release-'));
  try {
    await copyCheckout(root, folder);
    const published = await dryRun(folder);
    const kilobytes = (bytes: number): string => `${Math.round(bytes / 1000)} kB`.padStart(9);
    for (const { name, version, size, unpackedSize, files } of published)
      console.log(`${name.padEnd(22)} ${version}  ${String(files.length).padStart(4)} files ${kilobytes(size)} packed ${kilobytes(unpackedSize)} unpacked`);
    for (const { name, changelog } of published) console.log(`\n# ${name}: CHANGELOG.md\n\n${changelog.trim()}`);
    console.log(addressesOf(root) ? '' : '\nThe repository has no public address yet: set "repository" in tools/release/addresses.json before a release.');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const [command, ...rest] = process.argv.slice(2);
if (rest.length > 0 || (command !== undefined && command !== 'fill')) {
  console.error('usage: npm run check:release [-- fill]');
  process.exitCode = 2;
} else if (command === undefined) await show();
else if (!fillAddresses(root)) {
  console.error('tools/release/addresses.json: set "repository" to the public address, https://HOST/OWNER/NAME');
  process.exitCode = 1;
}
