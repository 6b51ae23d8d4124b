// Documents say of commands and settings what their rows say; `npx vitest run tools/command-docs.test.ts -u` writes them.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { pretrain } from '../packages/hybridmed/src/cli/commands/pretrain.ts';
import { readConfig } from '../packages/hybridmed/src/cli/config-file.ts';
import { loadOptions } from '../packages/hybridmed/src/cli/define-command.ts';
import { commandList, settingsTables, withBlock } from './command-docs.ts';
import { temporaryFolder } from './support/phantoms.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);

const pathOf = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));

test('the README of hybridmed lists the commands', async () => {
  const file = pathOf('packages/hybridmed/README.md');
  await expect(withBlock(readFileSync(file, 'utf8'), 'commands', commandList())).toMatchFileSnapshot(file);
});

test('docs/settings.md has the tables of settings', async () => {
  const file = pathOf('docs/settings.md');
  const document = Object.entries(await settingsTables()).reduce((text, [name, table]) => withBlock(text, name, table), readFileSync(file, 'utf8'));
  await expect(document).toMatchFileSnapshot(file);
});

test('the configuration file that docs/settings.md shows is one', async () => {
  const [, shown] = /```yaml\n([\s\S]*?)```/.exec(readFileSync(pathOf('docs/settings.md'), 'utf8'))!;
  const file = join(folder, 'settings.yaml');
  writeFileSync(file, shown!);
  expect(await readConfig(file, await loadOptions(pretrain))).toMatchObject({ epochs: [10, 20], learningRate: 5e-4, cl: 0 });
});
