// Runs of `pretrain`, tiny and of a few steps in both stages, whose files are compared; parts that need a trained run take theirs from here.
import { folderDifferences } from '../files.mjs';
import { onBoth } from '../session.mjs';

/** Flags that choose a device in any command. */
export const deviceFlags = (device) => (device === 'cpu' ? ['--device', 'cpu', '--threads', '1'] : ['--device', device]);

const tuning = (device) => (device === 'webgpu' ? ['--tuning', 'off'] : []);
const short = ['--preset', 'tiny', '--limit', '12', '--workers', '0', '--no-report'];

/** Settings beside the usual ones, so that most of what training can do is done: on the processor, where a run takes seconds. */
const others = {
  accumulated:
    '--accumulate 2 --dropout 0.1 --projection mlp --duplicates negatives --sampling length --freeze vision.* --views all ' +
    '--augment rotation=5,zoom=0.1,brightness=0.1,contrast=0.1,noise=0.05,cutout=0.2',
  adapted:
    '--teacher live --lora text.*.query --remat --layer-decay 0.9 --unshared-decoder --deid-placeholders mask --checkpoint-every 1 --early-stop 1 ' +
    '--no-cl --cap 0.5 --seed 3 --vocabulary 200 --image-size 48',
};

/** Runs by name. */
function runsOf({ devices, openi }) {
  const plain = devices.map((device) => [device, ['--data', 'phantom:../phantoms', '--steps', '2,2', ...short, ...deviceFlags(device), ...tuning(device)]]);
  if (!devices.includes('cpu')) return Object.fromEntries(plain);
  const cpu = (spec, ...more) => ['--data', spec, '--steps', '3,3', ...short, ...deviceFlags('cpu'), ...more];
  return {
    ...Object.fromEntries(plain),
    'cpu, threads that decode': cpu('phantom:../phantoms', '--workers', '1'),
    ...Object.fromEntries(Object.entries(others).map(([name, flags]) => [`cpu, ${name}`, cpu('phantom:../phantoms', ...flags.split(' '))])),
    ...(openi === undefined ? {} : { 'cpu, Open-I': cpu(`openi:${openi}`) }),
  };
}

/** A run's folder in either work folder. */
export const runFolder = (name) => `run-${name.replace(/\W+/g, '-')}`;

/** Trains a run on both sides unless it is there; resolves to a problem where it fails. */
export async function trained(session, name) {
  if (!session.runs.has(name)) {
    const args = ['pretrain', ...runsOf(session)[name], '--out', runFolder(name)];
    session.runs.set(name, (await onBoth(session, (checkout) => checkout.command(args, { timeout: 300_000 }))).problem);
  }
  return session.runs.get(name);
}

/** Compares all files of all runs: checkpoints, vocabulary, settings, provenance, metrics. */
export async function pretrain(session) {
  const { report, openi } = session;
  for (const name of Object.keys(runsOf(session))) {
    const problem = await trained(session, name);
    if (problem !== undefined) {
      report.differs(`pretrain ${name}`, problem);
      continue;
    }
    for (const [path, difference] of folderDifferences(session, runFolder(name))) report.compared(`pretrain ${name}: ${path}`, difference);
  }
  if (openi === undefined) report.skipped('pretrain cpu, Open-I', 'there is no data/iu_xray in --shared');
}
