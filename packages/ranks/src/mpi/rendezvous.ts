// Where ranks wait for one another before a collective: polled, so that waiting takes no core, and with the names of those who do not come.
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import type { MpiCalls } from './calls.ts';
import { stoppedOf } from './stopped.ts';

/** A collective that is about to begin: ranks that disagree on it are told apart before any data moves. */
export interface Collective {
  readonly name: 'allReduce' | 'allGather' | 'broadcast' | 'barrier' | 'close';
  /** Elements of this rank's array. */
  readonly length: number;
  readonly root: number;
}

const collectiveNames: readonly Collective['name'][] = ['allReduce', 'allGather', 'broadcast', 'barrier', 'close'];

/** What the rendezvous needs of its communicator. */
export interface RendezvousOptions {
  readonly calls: MpiCalls;
  readonly rank: number;
  readonly size: number;
  /** Bytes of a request. */
  readonly handleBytes: number;
  readonly timeoutMs: number;
  /** Ends all ranks with one line. */
  abort(line: string): never;
}

/** Rank 0 knows who is missing: it speaks first. */
const graceMs = 1500;
/** Elements of a token: number of the collective, its name, length in two parts, root. */
const tokenLength = 5;
const half = 2 ** 31;
const tags = { arrived: 17, ready: 18 } as const;

const describe = (token: Int32Array): string => {
  const [number, name, low, high, root] = token as unknown as [number, number, number, number, number];
  const length = high * half + low;
  const what = collectiveNames[name] ?? 'another program';
  return `${what}${what === 'barrier' || what === 'close' ? '' : ` of ${length} elements`}${what === 'broadcast' ? ` from rank ${root}` : ''} (collective ${number})`;
};

const listed = (ranks: readonly number[]): string => {
  const names = ranks.slice(0, 8).join(', ') + (ranks.length > 8 ? ` and ${ranks.length - 8} more` : '');
  return `${ranks.length === 1 ? 'rank' : 'ranks'} ${names} ${ranks.length === 1 ? 'has' : 'have'}`;
};

/**
 * Two rounds of tokens to rank 0 by persistent requests, with a barrier between them. `arrived` names the collective and may be long in
 * coming; `ready` follows the barrier at once, and tells that a rank which arrived early is still there when the data is to move.
 */
export class Rendezvous {
  readonly #options: RendezvousOptions;
  readonly #token = new Int32Array(new ArrayBuffer(128), 0, tokenLength);
  /** Of rank 0: tokens of the others, `tokenLength` apart, and their requests by round. */
  readonly #tokens: Int32Array;
  readonly #arrived: Uint8Array;
  readonly #ready: Uint8Array;
  readonly #barrier = new Uint8Array(128);
  readonly #flag = new Int32Array(new ArrayBuffer(128), 0, 1);
  readonly #statuses: Uint8Array;
  #neighbours: ReadonlyMap<number, number> = new Map();
  #number = 0;
  /** The collective that is on, for the watchdog's line. */
  #current = '';

  private constructor(options: RendezvousOptions) {
    const peers = options.rank === 0 ? options.size - 1 : 1;
    this.#options = options;
    this.#tokens = new Int32Array(Math.max(32, peers * tokenLength));
    this.#arrived = new Uint8Array(Math.max(128, peers * options.handleBytes));
    this.#ready = new Uint8Array(Math.max(128, peers * options.handleBytes));
    // No library's MPI_Status is larger.
    this.#statuses = new Uint8Array(peers * 64);
  }

  /** Makes the requests. Called once by every rank. */
  static async open(options: RendezvousOptions): Promise<Rendezvous> {
    const rendezvous = new Rendezvous(options);
    await rendezvous.#prepare();
    return rendezvous;
  }

  get #peers(): number {
    return this.#options.rank === 0 ? this.#options.size - 1 : 1;
  }

  async #prepare(): Promise<void> {
    const { calls, rank } = this.#options;
    const { int, world } = calls.handles;
    for (const [requests, tag] of [
      [this.#arrived, tags.arrived],
      [this.#ready, tags.ready],
    ] as const) {
      for (let peer = 0; peer < this.#peers; peer++) {
        const request = this.#request(requests, peer);
        if (rank === 0) await calls.call('MPI_Recv_init', this.#tokenOf(peer), tokenLength, int, peer + 1, tag, world, request);
        else await calls.call('MPI_Send_init', this.#token, tokenLength, int, 0, tag, world, request);
      }
    }
  }

  /** Takes process ids of the ranks of this machine, by which one that was stopped in the middle of a collective is told. */
  setNeighbours(neighbours: ReadonlyMap<number, number>): void {
    this.#neighbours = neighbours;
  }

  /** Frees the requests. The last call of every rank. */
  async close(): Promise<void> {
    for (const requests of [this.#arrived, this.#ready])
      for (let peer = 0; peer < this.#peers; peer++) await this.#options.calls.call('MPI_Request_free', this.#request(requests, peer));
  }

  #request(requests: Uint8Array, peer: number): Uint8Array {
    const { handleBytes } = this.#options;
    return requests.subarray(peer * handleBytes, (peer + 1) * handleBytes);
  }

  /** Rank 0: the token of rank `peer + 1`. */
  #tokenOf(peer: number): Int32Array {
    return this.#tokens.subarray(peer * tokenLength, (peer + 1) * tokenLength);
  }

  /** Fulfilled once all ranks are about to begin the same collective; else ends them with a line that says who did not come, or what they came for. */
  async meet({ name, length, root }: Collective): Promise<void> {
    const { calls, rank, timeoutMs } = this.#options;
    this.#token.set([this.#number++ % half, collectiveNames.indexOf(name), length % half, Math.floor(length / half), root]);
    this.#current = describe(this.#token);
    await calls.call('MPI_Startall', this.#peers, this.#arrived);
    if (rank === 0) await this.#collect(this.#arrived, 'come to');
    await calls.call('MPI_Ibarrier', calls.handles.world, this.#barrier);
    const late = timeoutMs + (rank === 0 ? 0 : graceMs);
    await this.#until(
      () => this.#all(1, this.#barrier),
      late,
      () => this.#options.abort(`rank 0 has not come to ${this.#current}, or left it, within ${timeoutMs} ms: it is stopped, dead, or busy`),
    );
    await calls.call('MPI_Startall', this.#peers, this.#ready);
    if (rank === 0) await this.#collect(this.#ready, 'gone on with');
    else {
      await this.#sent(this.#arrived);
      await this.#sent(this.#ready);
    }
  }

  /** Waits for the collective itself, in which all ranks are; ends them where it takes too long. */
  async watch(work: Promise<void>): Promise<void> {
    const { timeoutMs, rank, abort } = this.#options;
    const timer = setTimeout(
      () => {
        const stopped = stoppedOf(this.#neighbours);
        const who = stopped.length > 0 ? `${listed(stopped)} been stopped` : 'a rank of another machine was stopped, or the network lost,';
        abort(`${who} in the middle of ${this.#current}, which took more than ${timeoutMs} ms`);
      },
      timeoutMs + (rank === 0 ? 0 : graceMs),
    );
    try {
      await work;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Rank 0: waits for the others' tokens of a round, and compares them with its own. */
  async #collect(requests: Uint8Array, verb: string): Promise<void> {
    const { timeoutMs, abort } = this.#options;
    await this.#until(
      () => this.#all(this.#peers, requests),
      timeoutMs,
      async () => {
        const missing = await this.#missing(requests);
        // The last may have come while the others were asked.
        if (missing.length > 0) abort(`${listed(missing)} not ${verb} ${this.#current} within ${timeoutMs} ms: stopped, dead, or busy with something else`);
      },
    );
    for (let peer = 0; peer < this.#peers; peer++) {
      const token = this.#tokenOf(peer);
      // Lengths of a gather are equal too: all fields are.
      if (token.some((value, i) => value !== this.#token[i]))
        abort(`rank ${peer + 1} is at ${describe(token)}, rank 0 at ${this.#current}; all ranks must make the same calls in the same order`);
    }
  }

  /** Ranks whose tokens of a round are not there. */
  async #missing(requests: Uint8Array): Promise<number[]> {
    const missing: number[] = [];
    for (let peer = 0; peer < this.#peers; peer++) if (!(await this.#all(1, this.#request(requests, peer)))) missing.push(peer + 1);
    return missing;
  }

  /** Completes a send that its receiver has taken. */
  async #sent(requests: Uint8Array): Promise<void> {
    await this.#until(
      () => this.#all(1, requests),
      this.#options.timeoutMs + graceMs,
      () => this.#options.abort(`rank 0 takes no messages at ${this.#current}: it is stopped or dead`),
    );
  }

  /** Whether the first `count` of requests are complete. */
  async #all(count: number, requests: Uint8Array): Promise<boolean> {
    await this.#options.calls.call('MPI_Testall', count, requests, this.#flag, this.#statuses);
    return this.#flag[0] !== 0;
  }

  /** Polls: at once for the first millisecond, then ever more rarely, up to each 5 ms. */
  async #until(done: () => Promise<boolean>, timeoutMs: number, late: () => void | Promise<void>): Promise<void> {
    const start = performance.now();
    while (!(await done())) {
      const waited = performance.now() - start;
      if (waited > timeoutMs) await late();
      await (waited < 1 ? turn() : sleep(Math.min(5, 1 + Math.floor(waited / 100))));
    }
  }
}
