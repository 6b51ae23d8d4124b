// How findings change a radiograph's density, and the masks of where they are.
import type { Anatomy } from './anatomy.ts';
import { bell, diaphragm, medial, ramp, wall } from './anatomy.ts';
import type { Draws } from './draw.ts';
import type { Finding, FindingName, Side, Zone } from './findings.ts';

/** One finding as drawn: added density at a place, and whether the place belongs to it. `texture` is smooth noise in [-1, 1]. */
export interface Lesion {
  readonly finding: Finding;
  density(x: number, y: number, lung: number, texture: number): number;
  covers(x: number, y: number, lung: number): boolean;
}

const sign = (side: Side): 1 | -1 => (side === 'left' ? 1 : -1);
const heights: Readonly<Record<Zone, number>> = { upper: -0.36, mid: -0.02, lower: 0.3 };

/** Loss of air that a lung filled with fluid shows: what `air` took away. */
const filled = 0.36;

function effusion(anatomy: Anatomy, finding: Finding, draws: Draws): Lesion {
  const rise = [0.26, 0.43, 0.68][finding.grade]! + draws.between(-0.03, 0.03);
  const sides = finding.sides.map(sign);
  const depth = (x: number, y: number): number => {
    const side = x < 0 ? -1 : 1;
    if (!sides.includes(side)) return -1;
    const [outer, inner] = [wall(anatomy, y), medial(anatomy, y)];
    const t = Math.min(1, Math.max(0, (Math.abs(x) - inner) / (outer - inner)));
    const base = anatomy.domes[side < 0 ? 0 : 1] + 0.1;
    return y - (base - rise * (0.45 + 0.55 * t * t));
  };
  return { finding, density: (x, y, lung) => filled * lung * ramp(-0.03, 0.05, depth(x, y)), covers: (x, y, lung) => lung > 0.1 && depth(x, y) > 0 };
}

function opacity(finding: Finding, draws: Draws): Lesion {
  const [cx, cy] = [sign(finding.sides[0]!) * draws.between(0.36, 0.46), heights[finding.zone!] + draws.between(-0.05, 0.05)];
  const [rx, ry] = [draws.between(0.23, 0.27), draws.between(0.21, 0.25)];
  const strength = [0.36, 0.41, 0.46][finding.grade]!;
  const distance = (x: number, y: number) => Math.hypot((x - cx) / rx, (y - cy) / ry);
  return {
    finding,
    density: (x, y, lung, texture) => strength * lung * ramp(1.25, 0.5, distance(x, y) + 0.3 * texture) * (1 + 0.3 * texture),
    covers: (x, y, lung) => lung > 0.3 && distance(x, y) < 1,
  };
}

/** Round, sharp and calcified: denser than bone, so that what tells it from an opacity can be learnt in minutes. */
function nodule(finding: Finding, draws: Draws): Lesion {
  const [cx, cy] = [sign(finding.sides[0]!) * draws.between(0.3, 0.48), heights[finding.zone!] + draws.between(-0.08, 0.08)];
  const radius = [0.12, 0.14, 0.16][finding.grade]!;
  const distance = (x: number, y: number) => Math.hypot(x - cx, y - cy);
  return { finding, density: (x, y, lung) => 0.95 * lung * ramp(radius + 0.015, radius - 0.015, distance(x, y)), covers: (x, y) => distance(x, y) < radius };
}

function pneumothorax(anatomy: Anatomy, finding: Finding, draws: Draws): Lesion {
  const side = sign(finding.sides[0]!);
  const width = [0.11, 0.2, 0.32][finding.grade]! + draws.between(-0.015, 0.015);
  /** Distance into the air from the edge of the collapsed lung. */
  const edge = (x: number, y: number): number => {
    const room = width * (1 + 0.9 * ramp(0, -0.5, y)) * ramp(0.55, 0.2, y);
    return room - Math.min(wall(anatomy, y) - Math.abs(x), (y - anatomy.apex) * 1.2);
  };
  return {
    finding,
    density: (x, y, lung) => {
      if (Math.sign(x) !== side) return 0;
      const d = edge(x, y);
      return lung * (-0.13 * ramp(-0.005, 0.015, d) + 0.2 * bell(d, 0.02) + 0.07 * ramp(0, -0.03, d));
    },
    covers: (x, y, lung) => Math.sign(x) === side && lung > 0.1 && edge(x, y) > 0,
  };
}

function edema(finding: Finding): Lesion {
  const strength = [0.13, 0.19, 0.26][finding.grade]!;
  const haze = (x: number, y: number) => bell(Math.hypot((Math.abs(x) - 0.28) / 0.2, (y - 0.02) / 0.32), 1);
  return {
    finding,
    density: (x, y, lung, texture) => strength * lung * haze(x, y) * (1 + 0.5 * texture),
    covers: (x, y, lung) => lung > 0.3 && haze(x, y) > 0.4,
  };
}

function atelectasis(anatomy: Anatomy, finding: Finding, draws: Draws): Lesion {
  const side = sign(finding.sides[0]!);
  // Beside the heart, which hides more of the patient's left base.
  const centre = side * (draws.between(0.38, 0.44) + (side > 0 ? 0.07 : 0));
  const height = diaphragm(anatomy, centre) - draws.between(0.1, 0.16);
  const tilt = draws.between(-0.25, 0.25);
  const extent = [0.24, 0.28, 0.32][finding.grade]!;
  const across = (x: number, y: number) => y - height - tilt * (x - centre);
  const along = (x: number) => ramp(extent + 0.04, extent - 0.04, Math.abs(x - centre));
  return {
    finding,
    density: (x, y, lung) => 0.7 * lung * along(x) * (bell(across(x, y), 0.056) + 0.85 * bell(across(x, y) + 0.15, 0.052)),
    covers: (x, y) => Math.abs(x - centre) < extent && across(x, y) < 0.04 && across(x, y) > -0.19,
  };
}

/** A catheter from the neck or the collar bone to the great vein, which lies on the patient's right. */
function line(finding: Finding, draws: Draws): Lesion {
  const side = sign(finding.sides[0]!);
  const tip = draws.between(-0.12, 0.02);
  const start = side * draws.between(0.24, 0.34);
  const target = -0.1;
  const pathX = (y: number) => {
    const t = ramp(-0.85, -0.3, y);
    return start + (target - start) * t;
  };
  const inside = (y: number) => ramp(-1.05, -0.98, y) * ramp(tip + 0.02, tip, y);
  // Along the slope the horizontal distance is longer than the true one.
  const slope = (y: number) => (pathX(y + 0.01) - pathX(y - 0.01)) / 0.02;
  const distance = (x: number, y: number) => (x - pathX(y)) / Math.hypot(1, slope(y));
  return { finding, density: (x, y) => 0.6 * inside(y) * bell(distance(x, y), 0.036), covers: (x, y) => inside(y) > 0.5 && Math.abs(distance(x, y)) < 0.05 };
}

/** Half the width of the heart: the cardiothoracic ratio times half the thorax. */
export function heartHalfWidth(anatomy: Anatomy, findings: readonly Finding[], draws: Draws): number {
  const large = findings.find(({ name }) => name === 'cardiomegaly');
  const ratio = large ? [0.555, 0.63, 0.715][large.grade]! + draws.between(-0.018, 0.018) : draws.between(0.39, 0.47);
  return ratio * anatomy.halfWidth;
}

type MakeLesion = (anatomy: Anatomy, finding: Finding, draws: Draws) => Lesion;

const lesions: Readonly<Record<Exclude<FindingName, 'cardiomegaly'>, MakeLesion>> = {
  effusion,
  opacity: (_, finding, draws) => opacity(finding, draws),
  nodule: (_, finding, draws) => nodule(finding, draws),
  pneumothorax,
  edema: (_, finding) => edema(finding),
  atelectasis,
  line: (_, finding, draws) => line(finding, draws),
};

/** The lesions of a study's findings, the heart's size aside. */
export const lesionsOf = (anatomy: Anatomy, findings: readonly Finding[], draws: Draws): Lesion[] =>
  findings.flatMap((finding) => (finding.name === 'cardiomegaly' ? [] : lesions[finding.name](anatomy, finding, draws)));
