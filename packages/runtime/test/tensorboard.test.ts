import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { StepLine } from '@hybridmed/training';
import { EventWriter, maskedCrc32c } from '../src/logging/tensorboard.ts';

const folder = mkdtempSync(join(tmpdir(), 'hybridmed-events-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const line = (step: number): StepLine => ({
  stage: 1,
  epoch: 1,
  step,
  lr: 0.5,
  gradNorm: 2,
  losses: { cg: null, cl: null, sum: 1.25, cap: null, dis: null, total: 1.25 },
  studiesPerSecond: 10,
  residentMiB: 99,
});

test('CRC-32C is the known one, masked as the record format masks it', () => {
  const crc = 0xe3069283; // of "123456789" (RFC 3720's polynomial)
  expect(maskedCrc32c(new TextEncoder().encode('123456789'))).toBe((((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0);
});

test('records are framed by length and checksums; a later writer replaces the file', () => {
  new EventWriter(folder).write([line(1)]);
  new EventWriter(folder).write([{ ...line(1), time: 1_700_000_000.25 }, line(2)]);
  const files = readdirSync(folder);
  expect(files).toHaveLength(1);
  const bytes = readFileSync(join(folder, files[0]!));
  const payloads: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = Number(bytes.readBigUInt64LE(at));
    expect(bytes.readUInt32LE(at + 8)).toBe(maskedCrc32c(bytes.subarray(at, at + 8)));
    const payload = bytes.subarray(at + 12, at + 12 + length);
    expect(bytes.readUInt32LE(at + 12 + length)).toBe(maskedCrc32c(payload));
    payloads.push(payload);
    at += 16 + length;
  }
  expect(payloads).toHaveLength(3);
  // The wall time is an event's first field: a line's own, else the present.
  const times = payloads.map((payload) => payload.readDoubleLE(1));
  expect(times[1]).toBe(1_700_000_000.25);
  expect(Math.abs(times[2]! - Date.now() / 1000)).toBeLessThan(60);
  expect(payloads[0]!.toString('latin1')).toContain('brain.Event:2');
  expect(payloads[1]!.toString('latin1')).toContain('stage1/train/sum');
  expect(payloads[1]!.toString('latin1')).not.toContain('stage1/train/cap');
});
