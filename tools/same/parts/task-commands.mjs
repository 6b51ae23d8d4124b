// The commands of downstream tasks that are compared, as BEFORE names them. Words in capitals stand for what a device's run and data are.

/** Where a command takes long elsewhere. */
const cpu = ['cpu'];
const fast = ['cpu', 'webgpu'];

/** Rows of a part: `line` the command, `devices` where it runs (all), `data` what it reads beside phantoms, `needs` exports, `writes` files to compare. */
const table = {
  evaluate: [
    { name: 'evaluate phantoms', line: 'evaluate --checkpoint RUN --data PHANTOMS --limit 4' },
    { name: 'evaluate exports', line: 'evaluate --checkpoint EXPORTS --data PHANTOMS --limit 4', devices: cpu, needs: 'exports' },
    { name: 'evaluate Open-I', line: 'evaluate --checkpoint RUN --data OPENI --limit 6', devices: cpu, data: 'Open-I' },
  ],
  zeroshot: [
    { name: 'zeroshot phantoms', line: 'zeroshot --checkpoint RUN --data PHANTOMS --cache cache' },
    { name: 'zeroshot by softmax', line: 'zeroshot --checkpoint RUN --data PHANTOMS --score softmax --threshold youden --cache cache', devices: cpu },
    { name: 'zeroshot Open-I', line: 'zeroshot --checkpoint RUN --data OPENI --cache cache', devices: cpu, data: 'Open-I' },
  ],
  retrieve: [
    { name: 'retrieve phantoms', line: 'retrieve --checkpoint RUN --data PHANTOMS --saved index-DEVICE/reports --cache cache', writes: 'index-DEVICE' },
    { name: 'retrieve by words', line: 'retrieve --checkpoint RUN --data PHANTOMS --query TEXT --cache cache' },
    { name: 'retrieve by image', line: 'retrieve --checkpoint RUN --data PHANTOMS --query IMAGE --gallery reports --cache cache', devices: cpu },
    { name: 'retrieve Open-I', line: 'retrieve --checkpoint RUN --data OPENI --per-class 5 --cache cache', devices: cpu, data: 'Open-I' },
  ],
  probe: [
    {
      name: 'probe phantoms',
      line: 'probe --checkpoint RUN --data PHANTOMS --out probe-DEVICE --percent 50,100 --seeds 0 --cache cache',
      writes: 'probe-DEVICE',
    },
    {
      name: 'probe Open-I',
      line: 'probe --checkpoint RUN --data OPENI --out probe-openi --percent 1 --seeds 0 --cache cache',
      devices: cpu,
      data: 'Open-I',
      writes: 'probe-openi',
    },
  ],
  embed: [
    { name: 'embed texts', line: 'embed --checkpoint RUN --texts ../texts.txt --out texts-DEVICE/features.safetensors', writes: 'texts-DEVICE' },
    { name: 'embed images', line: 'embed --checkpoint RUN --images IMAGE OTHER --out images-DEVICE/features.safetensors', writes: 'images-DEVICE' },
  ],
  vqa: ['classify', 'generate'].flatMap((mode) => {
    const devices = mode === 'classify' ? fast : cpu;
    const out = `vqa-${mode}-DEVICE`;
    const train = `vqa train --checkpoint RUN --data vqa-rad:../questions --out ${out} --mode ${mode} --epochs 2 --batch 8`;
    return [
      { name: `vqa train, ${mode}`, line: train, devices, writes: out },
      { name: `vqa evaluate, ${mode}`, line: `vqa evaluate --model ${out}`, devices },
    ];
  }),
  explain: [
    {
      name: 'explain an image',
      line: 'explain --checkpoint RUN --image IMAGE --text TEXT --maps all --out explained-DEVICE',
      devices: fast,
      writes: 'explained-DEVICE',
    },
    { name: 'explain phantoms', line: 'explain --checkpoint RUN --data PHANTOMS --limit 1' },
  ],
  generate: [
    { name: 'generate, greedy', line: 'generate --checkpoint RUN --image IMAGE OTHER' },
    { name: 'generate, beams', line: 'generate --checkpoint RUN --findings TEXT --search beam --beams 3', devices: cpu },
    { name: 'generate, nucleus', line: 'generate --checkpoint RUN --image IMAGE --search nucleus --seed 5', devices: cpu },
  ],
  ablate: [
    {
      name: 'ablate',
      line: 'ablate --data PHANTOMS --preset tiny --seeds 1 --steps 2,2 --limit 8 --variants no-cl no-stage1 unshared --out ablation',
      devices: cpu,
      writes: 'ablation',
    },
  ],
};

/** Names of the parts. */
export const taskNames = Object.keys(table);

/** Commands of a part on a device, with the values of words in capitals. */
export function commandsOf(part, device, values) {
  const rows = table[part].filter(({ devices }) => devices === undefined || devices.includes(device));
  const filled = (text) => text?.replace(/[A-Z]{3,}/g, (word) => values[word] ?? word);
  return rows.map(({ line, writes, ...row }) => ({ ...row, args: line.split(' ').map(filled), writes: filled(writes) }));
}
