// The commands in the order that --help shows them.
import { ablate } from './commands/ablate.ts';
import { completion } from './commands/completion.ts';
import { compare } from './commands/compare.ts';
import { data } from './commands/data.ts';
import { demo } from './commands/demo.ts';
import { devices } from './commands/devices.ts';
import { doctor } from './commands/doctor.ts';
import { embed } from './commands/embed.ts';
import { evaluate } from './commands/evaluate.ts';
import { explain } from './commands/explain.ts';
import { exportModel } from './commands/export.ts';
import { fitRatio } from './commands/fit-ratio.ts';
import { generate } from './commands/generate.ts';
import { info } from './commands/info.ts';
import { merge } from './commands/merge.ts';
import { pretrain } from './commands/pretrain.ts';
import { finetune, probe } from './commands/probe-finetune.ts';
import { report } from './commands/report.ts';
import { retrieve } from './commands/retrieve.ts';
import { save } from './commands/save.ts';
import { verify } from './commands/verify.ts';
import { vqa } from './commands/vqa.ts';
import { zeroshot } from './commands/zeroshot.ts';
import type { CommandDefinition, CommandGroup } from './define-command.ts';

/** All commands. */
export const commands: readonly (CommandDefinition | CommandGroup)[] = [
  devices,
  doctor,
  data,
  pretrain,
  generate,
  evaluate,
  fitRatio,
  info,
  report,
  explain,
  zeroshot,
  retrieve,
  exportModel,
  embed,
  merge,
  probe,
  finetune,
  vqa,
  ablate,
  compare,
  save,
  verify,
  demo,
  completion(() => commands),
];
