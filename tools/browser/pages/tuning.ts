// A page that computes with measured variants, twice: what the first device measured, the second finds in IndexedDB.
import { array, compile, ops } from '@hybridmed/tensor';
import { browserWebgpuDevice } from '@hybridmed/webgpu';

const x = array(
  Float32Array.from({ length: 64 * 48 }, (_, i) => Math.sin(i)),
  [64, 48],
);
const w = array(
  Float32Array.from({ length: 48 * 32 }, (_, i) => Math.cos(i)),
  [48, 32],
);

async function run() {
  const messages: string[] = [];
  const device = await browserWebgpuDevice({ tuning: 'measure', events: { onMessage: (text) => void messages.push(text) } });
  const multiply = compile(device, ({ a, b }) => ops.matmul(a!, b!));
  const y = await multiply({ a: x, b: w });
  const table = device.choices!.read();
  await device.close();
  return { messages, table, y: [...(Object.values(y)[0]!.data as Float32Array)] };
}

const first = await run();
const second = await run();
const names = await indexedDB.databases();
Object.assign(window, {
  __result: {
    measured: first.messages,
    again: second.messages,
    sameTable: JSON.stringify(first.table) === JSON.stringify(second.table),
    classes: Object.keys((first.table as { choices: object }).choices),
    sameBits: first.y.every((value, i) => value === second.y[i]),
    databases: names.map(({ name }) => name),
  },
});
