// What all parts share: both checkouts, the list of renames, the data, the report; and how one thing is computed on both sides.
import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { Checkout } from './checkout.mjs';
import { makeData } from './data.mjs';
import { namesOf, readRenames } from './renames.mjs';

/** Opens both checkouts with SwiftShader as their only Vulkan driver, and makes the phantoms that both read. */
export async function openSession({ before, after, devices, shared, renames: file, only, all }, folder, report) {
  mkdirSync(folder, { recursive: true });
  const work = realpathSync(folder);
  const renames = readRenames(file);
  const open = (side, root, env) => new Checkout({ side, root, folder: join(work, side), names: namesOf(side, renames), env });
  const { value: driver, problem } = await open('before', before, {}).probe('swiftshader', {});
  if (problem !== undefined) throw new Error(`SwiftShader: ${problem}`);
  const env = { VK_DRIVER_FILES: driver, VK_ICD_FILENAMES: driver, VK_ADD_DRIVER_FILES: '' };
  const openi = shared === undefined ? undefined : join(shared, 'data/iu_xray');
  const session = {
    before: open('before', before, env),
    after: open('after', after, env),
    folder: work,
    renames,
    devices,
    all,
    report,
    openi: openi !== undefined && existsSync(openi) ? realpathSync(openi) : undefined,
    runs: new Map(),
  };
  if (only.some((name) => !['help', 'schema', 'wgsl', 'plans', 'outputs'].includes(name))) await makeData(session);
  return session;
}

/** Computes on BEFORE, then on AFTER, never at one time; then `{ before, after }`, or `{ problem }` where either gives one. */
export async function onBoth({ before, after }, compute) {
  const values = { before: await compute(before), after: await compute(after) };
  const failed = Object.entries(values).filter(([, { problem }]) => problem !== undefined);
  if (failed.length === 0) return values;
  return { ...values, problem: failed.map(([side, { problem }]) => `${side.toUpperCase()}: ${problem}`).join('\n') };
}
