// What a phantom study has: findings with side, zone and severity, drawn so that none hides another.
import type { Draws } from './draw.ts';

/** Findings a phantom can have, in the order reports name them. */
export const phantomFindings = ['pneumothorax', 'effusion', 'opacity', 'nodule', 'edema', 'cardiomegaly', 'atelectasis', 'line'] as const;

/** A finding's name. */
export type FindingName = (typeof phantomFindings)[number];

/** The patient's side; the patient's left is on the right of the image. */
export type Side = 'left' | 'right';

/** Thirds of a lung from top to bottom. */
export const zones = ['upper', 'mid', 'lower'] as const;

/** One of them. */
export type Zone = (typeof zones)[number];

/** One finding: sides it is on, and where and how severe it is. `grade` is 0 (small, mild), 1 (moderate) or 2 (large, severe). */
export interface Finding {
  readonly name: FindingName;
  readonly sides: readonly Side[];
  readonly zone?: Zone;
  readonly grade: 0 | 1 | 2;
}

const grades = [0, 1, 2] as const;
const both: readonly Side[] = ['left', 'right'];

const chances: Readonly<Record<FindingName, number>> = {
  pneumothorax: 0.15,
  effusion: 0.24,
  opacity: 0.24,
  nodule: 0.22,
  edema: 0.15,
  cardiomegaly: 0.26,
  atelectasis: 0.2,
  line: 0.2,
};

/** A place is taken by at most one finding; a lung with fluid or air around it shows little else there. */
function free(findings: readonly Finding[], side: Side, zone: Zone): boolean {
  return !findings.some((other) => {
    if (!other.sides.includes(side)) return false;
    if (other.name === 'effusion') return zone === 'lower' || (zone === 'mid' && other.grade === 2);
    if (other.name === 'pneumothorax') return zone === 'upper' || other.grade === 2;
    if (other.name === 'edema') return zone === 'mid';
    return other.zone === zone;
  });
}

function place(draws: Draws, findings: readonly Finding[], allowed: readonly Zone[]): { side: Side; zone: Zone } | undefined {
  const places = both.flatMap((side) => allowed.filter((zone) => free(findings, side, zone)).map((zone) => ({ side, zone })));
  return places.length > 0 ? draws.pick(places) : undefined;
}

/** Draws a study's findings; about a quarter of the studies have none. */
export function drawFindings(draws: Draws): Finding[] {
  if (draws.chance(0.18)) return [];
  const findings: Finding[] = [];
  for (const name of phantomFindings) {
    if (!draws.chance(chances[name])) continue;
    const grade = draws.pick(grades);
    if (name === 'cardiomegaly' || name === 'edema') findings.push({ name, sides: both, grade });
    else if (name === 'effusion') {
      const dry = both.filter((side) => !findings.some((other) => other.name === 'pneumothorax' && other.sides.includes(side)));
      if (dry.length > 0) findings.push({ name, sides: dry.length === 2 && draws.chance(0.25) ? both : [draws.pick(dry)], grade });
    } else if (name === 'pneumothorax' || name === 'line') findings.push({ name, sides: [draws.pick(both)], grade });
    else {
      const at = place(draws, findings, name === 'atelectasis' ? ['lower'] : zones);
      if (at) findings.push({ name, sides: [at.side], zone: at.zone, grade });
    }
  }
  return findings;
}
