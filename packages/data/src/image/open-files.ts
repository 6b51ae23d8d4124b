// Files that parts are read from, kept open: opening one takes as long as decoding what is read from it.
import { close, constants, open, read } from 'node:fs';
import { promisify } from 'node:util';

const [openDescriptor, readDescriptor, closeDescriptor] = [promisify(open), promisify(read), promisify(close)];

/** Opens a file for reading. What is no file, as a pipe that nobody writes to, does not make this wait. */
export const openForReading = (file: string): Promise<number> => openDescriptor(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));

/** Fills `into` from `position` on, or as much of it as there is. Resolves with the number of bytes. */
export async function readInto(descriptor: number, into: Uint8Array, position: number): Promise<number> {
  let done = 0;
  while (done < into.length) {
    const { bytesRead } = await readDescriptor(descriptor, into, done, into.length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

interface OpenFile {
  readonly descriptor: Promise<number>;
  readers: number;
  /** Another took its place: its last reader closes it. */
  given: boolean;
}

/** The files of one thread that are open, the last used ones of at most `most`. */
export class OpenFiles {
  // The order of a Map is that of insertion: a file used again is put back at its end.
  readonly #files = new Map<string, OpenFile>();
  readonly #most: number;

  constructor(most = 64) {
    this.#most = most;
  }

  /** Fills `into` from `position` on, or as much of it as there is. Rejects with the system's error. */
  async read(name: string, into: Uint8Array, position: number): Promise<number> {
    const file = this.#files.get(name) ?? { descriptor: openForReading(name), readers: 0, given: false };
    this.#files.delete(name);
    this.#files.set(name, file);
    file.readers++;
    try {
      for (const oldest of this.#files.keys()) {
        if (this.#files.size <= this.#most) break;
        this.#giveUp(oldest);
      }
      return await readInto(await file.descriptor, into, position);
    } catch (error) {
      // Opened anew the next time.
      if (this.#files.get(name) === file) this.#giveUp(name);
      throw error;
    } finally {
      file.readers--;
      if (file.given && file.readers === 0) release(file);
    }
  }

  #giveUp(name: string): void {
    const file = this.#files.get(name)!;
    this.#files.delete(name);
    file.given = true;
    if (file.readers === 0) release(file);
  }

  /** Closes the files; those that are being read when that is done. */
  close(): void {
    for (const name of this.#files.keys()) this.#giveUp(name);
  }
}

/** What could not be opened need not be closed, and nothing is lost where a file that was only read cannot be. */
const release = ({ descriptor }: OpenFile): void => void descriptor.then(closeDescriptor).catch(() => undefined);
