// One rank of a job that a test starts: runs the program that the first argument names, and prints one line of JSON for each finding.
import { agree } from '@hybridmed/ranks';
import type { Communicator } from '@hybridmed/ranks';
import { openRanks } from '@hybridmed/ranks/mpi';

const [program = '', library = '', timeout = '20000'] = process.argv.slice(2);
const tell = (value: object): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

const programs: Record<string, (ranks: Communicator) => Promise<void>> = {
  async collectives(ranks) {
    const { rank, size } = ranks;
    const floats = Float32Array.from({ length: 100_000 }, (_, i) => (i % 1000) * 0.001 * (rank + 1));
    const doubles = Float64Array.of(0.1 * (rank + 1), 1e-12);
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    if (rank === 1) await pause(300);
    await ranks.allReduce(floats);
    await ranks.allReduce(doubles);
    const gathered = await ranks.allGather(Int32Array.of(rank, rank * 10));
    const rows = await ranks.allGather(Float32Array.of(rank + 0.5));
    const empty = await ranks.allGather(new Float32Array(0));
    const bytes = Uint8Array.from({ length: 5 }, () => rank);
    await ranks.broadcast(bytes, size - 1);
    await ranks.barrier();
    clearInterval(timer);
    tell({
      rank,
      size,
      node: ranks.node,
      library: ranks.info.library,
      sum: [floats[1], floats[999], floats.reduce((sum, value) => sum + value, 0)],
      doubles: [...doubles],
      gathered: [...gathered],
      rows: [...rows],
      empty: empty.length,
      bytes: [...bytes],
      turns,
    });
  },
  async together(ranks) {
    // Called without waiting for one another: they still run in order.
    const [one, two] = [Float32Array.of(1), Float32Array.of(ranks.rank)];
    await Promise.all([ranks.allReduce(one), ranks.barrier(), ranks.allReduce(two)]);
    await ranks.broadcast(new Uint8Array(0), 9).catch((error: Error) => tell({ rank: ranks.rank, refused: error.message }));
    tell({ rank: ranks.rank, one: one[0], two: two[0] });
  },
  async agreement(ranks) {
    await agree(ranks, { version: '1', data: 'same', notes: 'é' });
    try {
      await agree(ranks, { version: '1', data: ranks.rank === ranks.size - 1 ? '9f3c' : '71aa' });
    } catch (error) {
      tell({ rank: ranks.rank, refused: (error as Error).message });
    }
    try {
      await agree(ranks, ranks.rank === 1 ? { version: '1', more: 'x' } : { version: '1' });
    } catch (error) {
      tell({ rank: ranks.rank, extra: (error as Error).message });
    }
  },
  async mismatch(ranks) {
    if (ranks.rank === 1) await ranks.allReduce(new Float32Array(3));
    else await ranks.broadcast(new Uint8Array(40));
  },
  /** Steps until something ends it; a rank that is told to stop lingers, as one that saves first does. */
  async endless(ranks) {
    process.on('SIGTERM', () => tell({ rank: ranks.rank, signal: 'SIGTERM' }));
    tell({ rank: ranks.rank, pid: process.pid });
    const numbers = new Float32Array(Number(process.env['RANK_NUMBERS'] ?? 1000));
    for (;;) {
      await ranks.allReduce(numbers);
      await pause(5);
    }
  },
  /** A rank stops itself between two collectives. */
  async stopping(ranks) {
    for (let i = 0; i < 20; i++) await ranks.allReduce(new Float32Array(10));
    tell({ rank: ranks.rank });
    await pause(200);
    if (ranks.rank === Number(process.env['STOPPED_RANK'])) process.kill(process.pid, 'SIGSTOP');
    await ranks.allReduce(new Float32Array(10));
  },
  /** Rank 1 is busy: its event loop does not turn. */
  async busy(ranks) {
    await ranks.barrier();
    if (ranks.rank === 1) for (;;);
    await ranks.barrier();
  },
  async aborted(ranks) {
    await ranks.barrier();
    if (ranks.rank === ranks.size - 1) ranks.abort('rank gives up', 7);
    await ranks.barrier();
  },
  async waiting(ranks) {
    await ranks.barrier();
    const before = process.cpuUsage();
    const start = performance.now();
    if (ranks.rank === 1) await pause(2000);
    await ranks.barrier();
    const { user, system } = process.cpuUsage(before);
    tell({ rank: ranks.rank, cpu: (user + system) / 1000 / (performance.now() - start) });
  },
  /** Size, rounds and time of all-reduces, for measuring by hand. */
  async speed(ranks) {
    const numbers = new Float32Array(3_760_000);
    for (let i = 0; i < 3; i++) await ranks.allReduce(numbers);
    for (const data of [numbers, new Float32Array(2)]) {
      const start = performance.now();
      const before = process.cpuUsage();
      for (let i = 0; i < 30; i++) await ranks.allReduce(data);
      const { user, system } = process.cpuUsage(before);
      tell({ rank: ranks.rank, length: data.length, ms: (performance.now() - start) / 30, cpuMs: (user + system) / 30_000 });
    }
  },
};

try {
  const ranks = await openRanks({ timeoutMs: Number(timeout), ...(library ? { library } : {}) });
  await programs[program]!(ranks);
  await ranks.close();
} catch (error) {
  process.stderr.write(`error: ${(error as Error).message}\n`);
  process.exit(1);
}
