// The members of a tar archive and where their contents lie: read from its headers alone, front to back.
import { DataError } from '@hybridmed/images/errors';
import type { ByteRange } from '@hybridmed/images/bytes';
import { isZeroBlock, paddedSize, readPax, readTarHeader, tarBlock } from './tar-header.ts';

/** A file in an archive. */
export interface TarMember extends ByteRange {
  readonly name: string;
}

/** Reads up to `length` bytes of an archive: fewer at its end. */
export type ReadUpTo = (start: number, length: number) => Promise<Uint8Array>;

// Longer names and records belong to no set of images.
const maxRecordBytes = 2 ** 20;
const maxMembers = 10_000_000;

/** Lists the files of an archive. Throws a DataError that names the archive where it is broken or ends early. */
export async function* tarMembers(source: string, read: ReadUpTo): AsyncGenerator<TarMember> {
  const fail = (problem: string): never => {
    throw new DataError(`${source}: ${problem}; make or fetch the shard again`);
  };
  let at = 0;
  let named: { path?: string; size?: number } = {};
  for (let count = 0; count < maxMembers; count++) {
    const block = await read(at, tarBlock);
    // Some writers leave out the two blocks of zeros at the end.
    if (block.length === 0) return;
    if (block.length < tarBlock) return fail('ends in the middle of a tar header');
    if (isZeroBlock(block)) return;
    try {
      const header = readTarHeader(block);
      const start = at + tarBlock;
      const record = ['x', 'g', 'L'].includes(header.type);
      const size = record ? header.size : (named.size ?? header.size);
      if (!Number.isSafeInteger(size) || size < 0) throw new Error('has a tar header with a broken size');
      if (record) {
        if (size > maxRecordBytes) throw new Error('has a tar record that is too long');
        const bytes = await read(start, size);
        if (bytes.length < size) throw new Error('ends in the middle of a member');
        if (header.type === 'L') named = { ...named, path: Buffer.from(bytes).toString('utf8').replace(/\0.*$/s, '') };
        else if (header.type === 'x') named = { ...named, ...readPax(bytes) };
      } else {
        if (header.type === '0' || header.type === '7') {
          if (size > 0 && (await read(start + size - 1, 1)).length === 0) throw new Error('ends in the middle of a member');
          yield { name: named.path ?? header.name, source, start, length: size };
        }
        named = {};
      }
      at = start + paddedSize(size);
    } catch (error) {
      if (error instanceof DataError) throw error;
      return fail((error as Error).message);
    }
  }
  return fail(`has more than ${maxMembers} members`);
}
