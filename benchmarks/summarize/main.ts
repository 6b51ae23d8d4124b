// The summarize suite's command line: writing by consensus, chosen on the validation split of each run, then read once on the test split.
import { parseArgs } from 'node:util';
import { openDataSet } from '@hybridmed/data';
import { openModel } from '@hybridmed/runtime';
import { openDevice } from '@hybridmed/runtime/device';
import type { TrainingTexts } from '@hybridmed/tasks/texts';
import { chooseConsensus } from '@hybridmed/tasks/texts';
import { saveResult } from '../results.ts';
import { measureSplit } from './measure.ts';

const usage = `usage: node benchmarks/run.mjs summarize --data openi:DIR --run FOLDER... [options]

Impressions of findings by consensus among near training studies and the model's own hypotheses. For each run (a run or a checkpoint, one a
seed) the validation split chooses how; then the test split is read once for all. Beside them: greedy search, the search without the model,
and the consensus of the ten nearest, with paired intervals.

  --threads N     threads (default 1)
  --save          save the document as benchmarks/results/learning-summarization.json
`;

const options = {
  data: { type: 'string' },
  run: { type: 'string', multiple: true },
  threads: { type: 'string', default: '1' },
  save: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;
const { values } = parseArgs({ options });
if (values.help || values.data === undefined || values.run === undefined) {
  (values.help ? process.stdout : process.stderr).write(usage);
  process.exit(values.help ? 0 : 2);
}

const log = (line: string): void => void process.stderr.write(`${line}\n`);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const { studies } = await openDataSet(values.data, { need: 'pairs' });
const ofSplit = (name: string) => studies.filter(({ split }) => split === name);
const train: TrainingTexts[] = ofSplit('train').toSorted((a, b) => compare(a.report, b.report) || compare(a.image, b.image));
const [validation, test] = [ofSplit('validate'), ofSplit('test')];

const { device } = await openDevice('cpu', { threads: Number(values.threads) });
const open = (run: string) => openModel(run, { device });
const chosen: { readonly run: string; readonly settings: Awaited<ReturnType<typeof chooseConsensus>>['settings']; readonly validate: object }[] = [];
for (const run of values.run) {
  const model = await open(run);
  const { settings } = await chooseConsensus(
    model,
    { train, validation },
    { onProgress: (done) => log(`${run}: ${done} of ${validation.length} validation studies`) },
  );
  const validate = await measureSplit(model, { studies: validation, train }, settings);
  log(JSON.stringify({ settings, validate }));
  chosen.push({ run, settings, validate });
  await model.close();
}
const runs: object[] = [];
for (const { run, settings, validate } of chosen) {
  const model = await open(run);
  runs.push({
    weights: await model.weightsHash(),
    stage: model.info.stage,
    settings,
    validate,
    test: await measureSplit(model, { studies: test, train }, settings),
  });
  await model.close();
}
const document = {
  data: values.data.slice(0, values.data.indexOf(':')),
  studies: { train: train.length, validate: validation.length, test: test.length },
  runs,
};
process.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
if (values.save) await saveResult('learning-summarization', document);
process.exit(0);
