// Errors about data: one line that names the file and field, and what to do.

/** A problem with a data set that stops a command. */
export class DataError extends Error {
  override readonly name = 'DataError';

  /** A message of one line: what files say of themselves may hold line ends and other control characters. */
  constructor(message: string) {
    // oxlint-disable-next-line no-control-regex -- they are what is taken out.
    super(message.replace(/[\u0000-\u001f\u007f\u2028\u2029]+/g, ' '));
  }
}

/** Turns an operating-system error into a DataError that names the file. */
export function describeFileError(path: string, error: unknown): DataError {
  if (error instanceof DataError) return error;
  const { code, message, syscall } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' && syscall === 'mkdir') return new DataError(`${path}: its folder cannot be made; name another`);
  if (code === 'ENOENT') return new DataError(`${path}: does not exist; check the path`);
  if (code === 'ENOSPC') return new DataError(`${path}: no space left on the device; free space and run again`);
  if (code === 'EDQUOT') return new DataError(`${path}: the quota of the disk is used up; free space and run again`);
  if (code === 'EROFS') return new DataError(`${path}: its file system is mounted read-only; name a folder elsewhere, or mount it for writing`);
  if (code === 'EFBIG')
    return new DataError(`${path}: is larger than a file may be here; raise the limit (ulimit -f), or name a folder on a file system that holds larger files`);
  if (code === 'ENOTDIR') return new DataError(`${path}: is not a folder; check the path`);
  if (code === 'EISDIR') return new DataError(`${path}: is a folder; name a file`);
  if (code === 'EACCES' || code === 'EPERM') return new DataError(`${path}: may not be read; check its permissions`);
  return new DataError(`${path}: ${message.split('\n')[0]}; check the file`);
}
