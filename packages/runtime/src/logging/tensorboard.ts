// TensorBoard event files: records of length, masked CRC-32C and a protobuf Event, as tensorboard's RecordWriter writes them.
import { appendFileSync, readdirSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { MetricsLine, RunLogger } from '@hybridmed/training';
import protobuf from 'protobufjs';
import { lineScalars } from './line-scalars.ts';

// The few fields of tensorboard's event.proto and summary.proto that scalars need.
const schema = protobuf.Root.fromJSON({
  nested: {
    Event: {
      fields: {
        wallTime: { type: 'double', id: 1 },
        step: { type: 'int64', id: 2 },
        fileVersion: { type: 'string', id: 3 },
        summary: { type: 'Summary', id: 5 },
      },
    },
    Summary: {
      fields: { value: { rule: 'repeated', type: 'Value', id: 1 } },
      nested: { Value: { fields: { tag: { type: 'string', id: 1 }, simpleValue: { type: 'float', id: 2 } } } },
    },
  },
});
const eventType = schema.lookupType('Event');

const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0x82f63b78 : c >>> 1;
  return c >>> 0;
});

/** CRC-32C, masked as the record format wants: rotated right by 15 and shifted by a constant. */
export function maskedCrc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = crcTable[(crc ^ byte) & 255]! ^ (crc >>> 8);
  crc = ~crc >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

function record(event: object): Uint8Array {
  const data = eventType.encode(eventType.create(event)).finish();
  const bytes = new Uint8Array(16 + data.length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc32c(bytes.subarray(0, 8)), true);
  bytes.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc32c(data), true);
  return bytes;
}

/** Writes metrics lines to a new event file in a folder, in place of earlier ones: the caller writes earlier lines again. */
export class EventWriter {
  readonly path: string;

  constructor(folder: string) {
    for (const file of readdirSync(folder)) if (file.startsWith('events.out.tfevents.')) rmSync(join(folder, file));
    this.path = join(folder, `events.out.tfevents.${Math.floor(Date.now() / 1000)}.${hostname()}.${process.pid}`);
    appendFileSync(this.path, record({ wallTime: Date.now() / 1000, fileVersion: 'brain.Event:2' }));
  }

  /** Lines that say when they were written keep that time; others have the present one. */
  write(lines: readonly MetricsLine[]): void {
    if (lines.length === 0) return;
    const records = lines.map((line) =>
      record({
        wallTime: line.time ?? Date.now() / 1000,
        step: line.step,
        summary: { value: Object.entries(lineScalars(line)).map(([tag, simpleValue]) => ({ tag, simpleValue })) },
      }),
    );
    appendFileSync(this.path, Buffer.concat(records));
  }
}

/** The logger of event files in a run's folder. */
export function tensorBoardLogger(): RunLogger {
  let writer: EventWriter | undefined;
  return {
    name: 'TensorBoard',
    begin({ place, lines }) {
      writer = new EventWriter(place);
      writer.write(lines);
    },
    line: (line) => writer?.write([line]),
  };
}
