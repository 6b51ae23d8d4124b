import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chexpertFive, chexpertLabels } from '@hybridmed/data';
import { chexbertFive, reportLabels } from '@hybridmed/eval/labeller';
import { expect, test } from 'vitest';

const packages = fileURLToPath(new URL('../packages', import.meta.url));

/** Does a source text hold a list, in brackets, of three or more of CheXpert's labels? */
const listsLabels = (text: string): boolean =>
  (text.match(/\[[^[\]]*\]/g) ?? []).some((list) => chexpertLabels.filter((name) => list.includes(`'${name}'`)).length > 2);

// The labeller's rules and the prompts are tables with a row a label: their keys are no lists. Data and metrics import nothing of each other:
// the five that tables compare are of the sets' protocol there, and of CheXbert's F1 here.
test('CheXpert’s labels are listed once, and the five that are compared are the same in data sets and metrics', () => {
  const sources = readdirSync(packages).flatMap((name) =>
    readdirSync(join(packages, name, 'src'), { encoding: 'utf8', recursive: true }).map((file) => join(name, 'src', file)),
  );
  const lists = sources.filter((file) => file.endsWith('.ts') && listsLabels(readFileSync(join(packages, file), 'utf8')));
  expect(lists).toEqual(['data/src/chexpert-labels.ts', 'eval/src/labeller/chexbert.ts']);
  expect(chexbertFive.toSorted()).toEqual(chexpertFive.toSorted());
  expect(reportLabels).toEqual(chexpertLabels);
});
