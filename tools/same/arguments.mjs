// The command line of `same.mjs`: two checkouts, and which parts and devices to compare.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { parts } from './parts.mjs';

const devices = ['cpu', 'gpujs', 'webgpu'];

/** What to print for wrong use. */
export const usage = `usage: node tools/same.mjs BEFORE AFTER [--only PARTS] [--devices DEVICES] [--shared DIR] [--renames FILE] [--keep DIR]
  BEFORE, AFTER      two checkouts with node_modules and dist (npm ci && npm run build)
  --only a,b         parts: ${Object.keys(parts).join(', ')} (default: all)
  --devices a,b      devices: ${devices.join(', ')} (default: all); webgpu is SwiftShader
  --shared DIR       folder with data/iu_xray (default: ../shared of AFTER or BEFORE); without it Open-I is left out
  --renames FILE     names changed on purpose (default: tools/same/renames.json)
  --keep DIR         work in this new folder and keep it
exit code: 0 when all is equal, 1 for a difference, 2 for a usage error
`;

const options = {
  only: { type: 'string' },
  devices: { type: 'string' },
  shared: { type: 'string' },
  renames: { type: 'string' },
  keep: { type: 'string' },
};

/** Names separated by commas, in the order of `all`; a sentence where one is none of them. */
function choose(flag, text, all) {
  const names = text?.split(',') ?? all;
  const unknown = names.find((name) => !all.includes(name));
  return unknown === undefined ? all.filter((name) => names.includes(name)) : `--${flag}: "${unknown}" is none of ${all.join(', ')}`;
}

/** A sentence that says why a folder cannot be compared; undefined where it can. */
function problemOf(root) {
  const file = join(root, 'package.json');
  if (!existsSync(file) || JSON.parse(readFileSync(file, 'utf8')).workspaces === undefined) return `${root} is no checkout of this repository`;
  if (!existsSync(join(root, 'node_modules/hybridmed'))) return `${root} has no node_modules: run npm ci there`;
  if (!existsSync(join(root, 'packages/hybridmed/dist'))) return `${root} is not built: run npm run build there`;
  return undefined;
}

/** Settings of a comparison, or a sentence that says what is wrong with the arguments. */
export function parseArguments(args) {
  let parsed;
  try {
    parsed = parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    return error.message;
  }
  const { positionals, values } = parsed;
  if (positionals.length !== 2) return `two checkouts are compared, ${positionals.length} were given`;
  const [before, after] = positionals.map((path) => resolve(path));
  const problem = problemOf(before) ?? problemOf(after);
  if (problem) return problem;
  const only = choose('only', values.only, Object.keys(parts));
  const chosen = choose('devices', values.devices, devices);
  if (typeof only === 'string') return only;
  if (typeof chosen === 'string') return chosen;
  const keep = values.keep === undefined ? undefined : resolve(values.keep);
  if (keep !== undefined && existsSync(keep)) return `--keep: ${keep} exists; name a new folder`;
  const shared =
    values.shared === undefined ? [after, before].map((root) => resolve(root, '../shared')).find((path) => existsSync(path)) : resolve(values.shared);
  return { before, after, only, all: values.only === undefined, devices: chosen, shared, renames: values.renames, keep };
}
