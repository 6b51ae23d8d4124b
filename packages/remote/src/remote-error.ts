// What a user is told of a request that cannot be made: never what its credentials are.

/** Thrown for headers, keys and addresses that cannot serve: one line that names the file, variable or origin, and what to do. */
export class RemoteError extends Error {
  override readonly name = 'RemoteError';
}
