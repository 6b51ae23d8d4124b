import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chexpertLabels } from '@hybridmed/data';
import { expect, test } from 'vitest';

const packages = fileURLToPath(new URL('../packages', import.meta.url));

/** Does a source text hold a list, in brackets, of three or more of CheXpert's labels? */
const listsLabels = (text: string): boolean =>
  (text.match(/\[[^[\]]*\]/g) ?? []).some((list) => chexpertLabels.filter((name) => list.includes(`'${name}'`)).length > 2);

// The labeller's rules and the prompts are tables with a row a label: their keys are no lists.
test('CheXpert’s labels are listed once', () => {
  const sources = readdirSync(packages).flatMap((name) =>
    readdirSync(join(packages, name, 'src'), { encoding: 'utf8', recursive: true }).map((file) => join(name, 'src', file)),
  );
  const lists = sources.filter((file) => file.endsWith('.ts') && listsLabels(readFileSync(join(packages, file), 'utf8')));
  expect(lists).toEqual(['data/src/chexpert-labels.ts']);
});
