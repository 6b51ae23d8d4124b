// Every part of a comparison by name, in the order they run: cheap ones first.
import { help } from './parts/help.mjs';
import { schema } from './parts/schema.mjs';
import { wgsl } from './parts/wgsl.mjs';
import { outputs } from './parts/outputs.mjs';
import { plans } from './parts/plans.mjs';
import { pretrain } from './parts/pretrain.mjs';
import { exported } from './parts/exported.mjs';
import { tasks } from './parts/tasks.mjs';

export const parts = { help, schema, wgsl, plans, outputs, pretrain, export: exported, ...tasks };
