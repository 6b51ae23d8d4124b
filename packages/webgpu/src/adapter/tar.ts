// Reads the entries of a tar archive that is already in memory (ustar, as GNU tar and bsdtar write it for short names).

/** One regular file of an archive. */
export interface TarFile {
  /** Path inside the archive, with forward slashes. */
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
  /** The file's bytes, a view into the archive. */
  readonly bytes: Uint8Array;
}

const block = 512;

/** Lists the regular files of a tar archive. Throws an Error for a damaged header or a path that leaves the folder. */
export function tarFiles(archive: Uint8Array): TarFile[] {
  const decoder = new TextDecoder();
  const files: TarFile[] = [];
  for (let offset = 0; offset + block <= archive.length;) {
    const header = archive.subarray(offset, offset + block);
    if (header.every((byte) => byte === 0)) break;
    const text = (start: number, length: number): string => decoder.decode(header.subarray(start, start + length)).replace(/\0.*$/s, '');
    const octal = (start: number, length: number): number => Number.parseInt(text(start, length).trim() || '0', 8);
    // The checksum counts its own eight bytes as spaces.
    const sum = header.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
    if (sum !== octal(148, 8)) throw new Error(`damaged tar header at byte ${offset}`);
    const size = octal(124, 12);
    const prefix = text(257, 5) === 'ustar' && text(263, 2) === '00' ? text(345, 155) : '';
    const path = `${prefix ? `${prefix}/` : ''}${text(0, 100)}`.replace(/^\.\//, '');
    const start = offset + block;
    if (start + size > archive.length) throw new Error(`tar archive ends inside ${path}`);
    const type = text(156, 1);
    if (type === '' || type === '0') {
      if (path.startsWith('/') || path.split('/').includes('..')) throw new Error(`tar entry leaves the folder: ${path}`);
      files.push({ path, mode: octal(100, 8) & 0o777, bytes: archive.subarray(start, start + size) });
    }
    offset = start + Math.ceil(size / block) * block;
  }
  return files;
}
