// Safetensors on disk: tensors are read one by one, so that memory never has a second copy of the file.
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { checkParameters } from '@hybridmed/model';
import type { ParameterSpecs, SafetensorsFile } from '@hybridmed/nn';
import { encodeSafetensors, openSafetensors } from '@hybridmed/nn';
import type { HostArray, HostArrays } from '@hybridmed/tensor';
import { checkRegular, describeError, fileError, writeFileAtomic } from '../files.ts';

// Some systems read no more bytes than this in one call.
const maxBytesPerRead = 2 ** 30;

async function fill(file: FileHandle, path: string, position: number, into: Uint8Array): Promise<void> {
  let done = 0;
  while (done < into.length) {
    const { bytesRead } = await file.read(into, done, Math.min(maxBytesPerRead, into.length - done), position + done);
    if (bytesRead === 0) throw fileError(path, 'ends too early', 'it is truncated; copy it again');
    done += bytesRead;
  }
}

/** Opens a file for reading tensor by tensor; to be closed. Throws one line naming the file for a missing or damaged one. */
export async function openSafetensorsFile(path: string): Promise<SafetensorsFile & { close(): Promise<void> }> {
  await checkRegular(path);
  const file = await open(path, 'r').catch((error: unknown) => Promise.reject(describeError(path, error)));
  const described = <T>(work: Promise<T>): Promise<T> => work.catch((error: unknown) => Promise.reject(describeError(path, error)));
  try {
    const { size } = await file.stat();
    const safetensors = await described(openSafetensors({ label: path, size, read: (position, into) => described(fill(file, path, position, into)) }));
    return { ...safetensors, close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Reads a file's tensors (those `wanted` accepts; all by default) and its metadata. Throws one line naming the file for a damaged one. */
export async function readSafetensors(
  path: string,
  wanted: (name: string) => boolean = () => true,
): Promise<{ arrays: Record<string, HostArray>; metadata: SafetensorsFile['metadata'] }> {
  const file = await openSafetensorsFile(path);
  try {
    return { arrays: await file.readAll(Object.keys(file.entries).filter(wanted)), metadata: file.metadata };
  } finally {
    await file.close();
  }
}

/** Reads a model's parameters. What the file lists is compared with the model before any of it is read; throws one line that names file and tensor. */
export async function readParameters(path: string, specs: ParameterSpecs): Promise<Record<string, HostArray>> {
  const file = await openSafetensorsFile(path);
  try {
    checkParameters(path, file.entries, specs);
    return await file.readAll(Object.keys(file.entries));
  } finally {
    await file.close();
  }
}

/** Writes arrays as a safetensors file, through a temporary name. */
export async function writeSafetensors(path: string, arrays: HostArrays, metadata?: Readonly<Record<string, string>>): Promise<void> {
  await writeFileAtomic(path, encodeSafetensors(arrays, metadata));
}
