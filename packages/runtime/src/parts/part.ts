// Which part of a job this process does: named, or told from what starts many processes that need not reach one another.
import { launchOf } from '@hybridmed/ranks/mpi';
import { HybridmedError } from '@hybridmed/tensor';

/** Part `index` (from 0) of `count`. */
export interface Part {
  readonly index: number;
  readonly count: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** A way of starting many processes. */
interface Scheduler {
  readonly name: string;
  /** This process's place and the number of places; no number where the environment does not hold it; undefined where this is not the way. */
  place(environment: Environment): { readonly index: number; readonly count?: number | undefined } | undefined;
}

const whole = (environment: Environment, variable: string): number | undefined =>
  /^\d{1,9}$/.test(environment[variable] ?? '') ? Number(environment[variable]) : undefined;

const schedulers: readonly Scheduler[] = [
  {
    name: 'a Slurm array',
    place(environment) {
      const [id, count, first] = ['ID', 'COUNT', 'MIN'].map((name) => whole(environment, `SLURM_ARRAY_TASK_${name}`));
      if (id === undefined || count === undefined) return undefined;
      return { index: (id - (first ?? 0)) / (whole(environment, 'SLURM_ARRAY_TASK_STEP') || 1), count };
    },
  },
  {
    name: 'a Kubernetes indexed job',
    place(environment) {
      const index = whole(environment, 'JOB_COMPLETION_INDEX');
      return index === undefined ? undefined : { index };
    },
  },
  {
    name: 'ranks',
    place(environment) {
      const launch = launchOf(environment, { connected: false });
      return launch && { index: launch.rank, count: launch.size };
    },
  },
];

const advice = 'name it with --part I/N, such as --part 1/8';

/** The text of a part as `I/N` from 1, or `auto/N`. Throws one line for anything else. */
function parse(text: string): { readonly index: number | undefined; readonly count: number } {
  const [, own, all] = /^(auto|[1-9]\d{0,8})\/([1-9]\d{0,8})$/.exec(text) ?? [];
  if (own === undefined || (own !== 'auto' && Number(own) > Number(all)))
    throw new HybridmedError(`--part ${text}: is no part; give I/N with I from 1 to N, such as 1/8, or auto/N for the place that the scheduler gives`);
  return { index: own === 'auto' ? undefined : Number(own) - 1, count: Number(all) };
}

/**
 * The part that `text` (`I/N`, `auto/N`) names; where it leaves something open, what the scheduler's variables say. Throws one line
 * where they say nothing, two things, or a place beyond the parts.
 */
export function partOf(text: string | undefined, environment: Environment = process.env): Part {
  const given = text === undefined ? undefined : parse(text);
  if (given?.index !== undefined) return { index: given.index, count: given.count };
  const places = schedulers.flatMap(({ name, place }) => {
    const own = place(environment);
    return own ? [{ name, ...own }] : [];
  });
  const [place, other] = places;
  if (!place) throw new HybridmedError(`no scheduler says which part this is; ${advice}`);
  if (other) throw new HybridmedError(`this process is one of ${place.name} and one of ${other.name}: which part it does is not clear; ${advice}`);
  const count = given?.count ?? place.count;
  if (count === undefined) throw new HybridmedError(`${place.name} does not say how many parts there are; give --part auto/N`);
  if (!Number.isInteger(place.index) || place.index < 0 || place.index >= count)
    throw new HybridmedError(`${place.name} puts this process at place ${place.index + 1} of ${count} parts, which is none of them; ${advice}`);
  return { index: place.index, count };
}

/** The items of a part, from the first up to the one after the last: runs of like length that follow one another. */
export const shareOf = ({ index, count }: Part, items: number): readonly [number, number] => [
  Math.floor((index * items) / count),
  Math.floor(((index + 1) * items) / count),
];

/** The one part of a job that is not shared out. */
export const wholeJob: Part = { index: 0, count: 1 };
