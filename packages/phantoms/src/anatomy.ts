// The normal chest of a phantom as functions of place: x from -1 to 1 (the patient's left is positive), y from -1 (neck) to 1.
import type { Draws } from './draw.ts';

/** One patient's build. */
export interface Anatomy {
  readonly halfWidth: number;
  readonly apex: number;
  /** Height of each dome: [patient's right, patient's left]; the right one is higher. */
  readonly domes: readonly [number, number];
  readonly mediastinum: number;
  readonly ribPhase: number;
  readonly ribPitch: number;
  readonly ribContrast: number;
  readonly vesselPhase: number;
  readonly tissue: number;
  readonly trachea: number;
}

/** Draws a patient's build. */
export function drawAnatomy(draws: Draws): Anatomy {
  const dome = draws.between(0.46, 0.58);
  return {
    halfWidth: draws.between(0.68, 0.75),
    apex: draws.between(-0.8, -0.7),
    domes: [dome - draws.between(0.03, 0.09), dome],
    mediastinum: draws.between(0.09, 0.13),
    ribPhase: draws.between(0, 0.15),
    ribPitch: draws.between(0.135, 0.16),
    ribContrast: draws.between(0.035, 0.06),
    vesselPhase: draws.between(0, 6.283),
    tissue: draws.between(0.38, 0.45),
    trachea: draws.between(-0.02, 0.015),
  };
}

/** 0 below `low`, 1 above `high`, smooth between. */
export function ramp(low: number, high: number, value: number): number {
  const t = Math.min(1, Math.max(0, (value - low) / (high - low)));
  return t * t * (3 - 2 * t);
}

/** exp(-(d / width)^2) */
export const bell = (d: number, width: number): number => Math.exp(-((d / width) ** 2));

/** Inner wall of the rib cage at a height: distance from the midline. */
export function wall({ halfWidth, apex }: Anatomy, y: number): number {
  const t = (y - 0.2) / (0.2 - apex);
  return t <= -1 ? 0.16 : y > 0.2 ? halfWidth : 0.16 + (halfWidth - 0.16) * Math.sqrt(1 - t * t);
}

/** Edge of the mediastinum at a height. */
export const medial = ({ mediastinum }: Anatomy, y: number): number => mediastinum + 0.05 * ramp(-0.1, 0.5, y);

/** Height of the diaphragm at a place. */
export function diaphragm({ domes, halfWidth }: Anatomy, x: number): number {
  const t = (Math.abs(x) - 0.55 * halfWidth) / (0.5 * halfWidth);
  return domes[x < 0 ? 0 : 1] + 0.16 * t * t;
}

/** How far inside a lung a place is: 0 outside, 1 well inside. */
export function lungAt(anatomy: Anatomy, x: number, y: number): number {
  const lateral = wall(anatomy, y) - Math.abs(x);
  const inner = Math.abs(x) - medial(anatomy, y);
  const depth = Math.min(lateral, inner, diaphragm(anatomy, x) - y, (y - anatomy.apex) * 0.8);
  return ramp(0, 0.05, depth);
}

/** Density of the body without lungs, heart and bones. */
export function softTissue({ tissue }: Anatomy, x: number, y: number): number {
  const width = 0.3 + 0.64 * ramp(-1.02, -0.62, y);
  const inside = 1 - (x / width) ** 2;
  return inside <= 0 ? 0 : (0.1 + tissue * Math.sqrt(inside)) * ramp(0, 0.06, inside);
}

/** Density of ribs and collar bones. */
export function bones({ ribPhase, ribPitch, ribContrast }: Anatomy, x: number, y: number, wallAt: number): number {
  const side = Math.abs(x);
  if (side > wallAt + 0.06) return 0;
  const back = y + 0.75 - 0.28 * side ** 1.3 - ribPhase;
  const front = y + 0.75 + 0.42 * (side - 0.35) - ribPhase;
  const band = (value: number, width: number) => bell(((((value / ribPitch) % 1) + 1.5) % 1) - 0.5, width);
  const extent = ramp(-0.78, -0.66, y) * ramp(0.62, 0.4, y);
  const posterior = band(back, 0.17) * ramp(0.06, 0.12, side);
  const anterior = 0.5 * band(front, 0.2) * ramp(0.28, 0.4, side);
  const collar = 0.1 * bell(y + 0.6 - 0.14 * Math.sin(4 * (side - 0.1)) + 0.1 * side, 0.028) * ramp(0.07, 0.12, side) * ramp(0.8, 0.65, side);
  return extent * ribContrast * (posterior + anterior) + collar;
}

/** Density of the midline: spine, great vessels, the aortic knob; less where the windpipe is. */
export function midline({ mediastinum, trachea }: Anatomy, x: number, y: number): number {
  const column = 0.26 * bell(x, mediastinum + 0.03 + 0.03 * ramp(-0.4, 0.3, y)) + 0.05 * bell(x, 0.06) * (0.6 + 0.4 * Math.cos(y * 40));
  const knob = 0.16 * bell(Math.hypot(x - mediastinum - 0.02, y + 0.28), 0.075);
  const air = 0.14 * bell(x - trachea, 0.035) * ramp(-0.12, -0.3, y);
  return column + knob - air;
}

/** Vessels that branch from both lung roots. */
export function vessels({ vesselPhase }: Anatomy, x: number, y: number): number {
  const [dx, dy] = [Math.abs(x) - 0.17, y - 0.02];
  const r = Math.hypot(dx, dy);
  const angle = Math.atan2(dy, dx);
  const streaks = Math.max(0, Math.cos(9 * angle + 5 * r + vesselPhase + (x < 0 ? 2 : 0))) ** 3;
  return 0.1 * bell(r, 0.1) + 0.06 * streaks * Math.exp(-r / 0.22);
}
