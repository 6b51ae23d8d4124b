// Pre-training on your own table of images and reports. Here the table is made from phantoms; replace it with your CSV.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkDataSet } from '@hybridmed/data';
import { writePhantoms } from '@hybridmed/phantoms';
import { completeConfig, openDevice, openModel, pretrain } from 'hybridmed/node';

const folder = mkdtempSync(join(tmpdir(), 'hybridmed-example-'));
await writePhantoms(join(folder, 'mine'), { studies: 120, size: 48 });
// Columns: image, findings, impression; optionally id, patient, split, view, and columns of 0 and 1 as labels.
const data = `csv:${join(folder, 'mine', 'phantoms.csv')}`;

const { splits, dropped } = await checkDataSet(data);
process.stdout.write(`${JSON.stringify(splits)}, dropped ${JSON.stringify(dropped)}\n`);
const { device } = await openDevice('cpu');
const { checkpoint } = await pretrain({ config: completeConfig({ data, preset: 'tiny', steps: [15, 15] }), out: join(folder, 'run'), device });
const model = await openModel(checkpoint, { device });
const [impression] = await model.generate({ findings: ['There is a small left pleural effusion. The heart size is normal.'] });
process.stdout.write(`after 15 steps, from findings: ${impression!.text}\n`);
await model.close();
await device.close();
rmSync(folder, { recursive: true, force: true });
