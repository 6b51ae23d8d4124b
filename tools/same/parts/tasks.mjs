// Downstream tasks with a trained run: the JSON that each command prints, and the files it writes.
import { jsonDifference } from '../compare.mjs';
import { folderDifference } from '../files.mjs';
import { comparable } from '../json.mjs';
import { onBoth } from '../session.mjs';
import { exportFolder, exportsOf } from './exported.mjs';
import { deviceFlags, runFolder, trained } from './pretrain.mjs';
import { commandsOf, taskNames } from './task-commands.mjs';

/** The first difference of what a command printed as JSON. */
function printedDifference(session, made) {
  const [before, after] = ['before', 'after'].map((side) => comparable(JSON.parse(made[side].stdout), session, side));
  return jsonDifference(before, after);
}

/** Runs one command on both sides and compares what it gives. */
async function compareCommand(session, name, { args, writes, needs }) {
  const { report } = session;
  const missing = needs === 'exports' ? (await exportsOf(session, 'f32')).problem : undefined;
  if (missing !== undefined) return report.differs(name, missing);
  const made = await onBoth(session, (checkout) => checkout.command([...args, '--json']));
  if (made.problem !== undefined) return report.differs(name, made.problem);
  report.compared(name, printedDifference(session, made));
  if (writes !== undefined) report.compared(`${name}: files`, folderDifference(session, writes));
}

/** All commands of a part, on every device that is compared. */
async function compareTask(session, part) {
  const { devices, report, openi } = session;
  const values = {
    EXPORTS: exportFolder('f32'),
    PHANTOMS: 'phantom:../phantoms',
    OPENI: `openi:${openi}`,
    IMAGE: '../phantoms/images/p000001.png',
    OTHER: '../phantoms/images/p000002.png',
    TEXT: 'left pleural effusion',
  };
  for (const device of devices) {
    const problem = await trained(session, device);
    for (const { name, data, args, ...command } of commandsOf(part, device, { ...values, DEVICE: device, RUN: runFolder(device) })) {
      const title = `${name}, ${device}`;
      if (problem !== undefined) report.differs(title, `no trained run: ${problem}`);
      else if (data === 'Open-I' && openi === undefined) report.skipped(title, 'there is no data/iu_xray in --shared');
      else await compareCommand(session, title, { ...command, args: [...args, ...deviceFlags(device)] });
    }
  }
}

/** Parts by name. */
export const tasks = Object.fromEntries(taskNames.map((name) => [name, (session) => compareTask(session, name)]));
