// Draws a phantom's radiograph: densities summed place by place, then exposure, turn and noise as radiographs have them.
import { randomBelow } from '@hybridmed/data/browser';
import type { Anatomy } from './anatomy.ts';
import { bones, diaphragm, drawAnatomy, lungAt, midline, ramp, softTissue, vessels, wall } from './anatomy.ts';
import { drawsOf } from './draw.ts';
import type { Finding } from './findings.ts';
import { phantomFindings } from './findings.ts';
import { heartHalfWidth, lesionsOf } from './lesions.ts';

/** A radiograph, and where its findings are: bit i of a mask's pixel is set where `phantomFindings[i]` is. */
export interface PhantomImage {
  readonly size: number;
  readonly pixels: Uint8Array;
  readonly mask: Uint8Array;
}

/** Smooth noise in [-1, 1] on a grid of random values. */
function smoothNoise(seed: number, index: number, cells: number): (x: number, y: number) => number {
  const side = cells + 2;
  const grid = Float32Array.from({ length: side * side }, (_, i) => randomBelow(2 ** 16, seed, index, 31, cells, i) / 2 ** 15 - 1);
  return (x, y) => {
    const [u, v] = [Math.min(0.999, Math.max(0, (x + 1) / 2)) * cells, Math.min(0.999, Math.max(0, (y + 1) / 2)) * cells];
    const [i, j] = [Math.floor(u), Math.floor(v)];
    const [s, t] = [u - i, v - j];
    const at = j * side + i;
    const top = grid[at]! + (grid[at + 1]! - grid[at]!) * s;
    const bottom = grid[at + side]! + (grid[at + side + 1]! - grid[at + side]!) * s;
    return top + (bottom - top) * t;
  };
}

function heartAt(half: number, anatomy: Anatomy, x: number, y: number): number {
  const centre = 0.03 + 0.28 * half;
  const floor = anatomy.domes[1] + 0.02;
  const height = 0.24 + 0.3 * half;
  // Slanted: the apex points down and to the patient's left.
  const [dx, dy] = [x - centre, y - (floor - height * 0.82) - 0.16 * (x - centre)];
  return ramp(1.1, 0.86, Math.hypot(dx / half, dy / height));
}

/** Draws study `index` with its findings as a square image of `size` pixels. */
export function renderPhantom(seed: number, index: number, findings: readonly Finding[], size: number): PhantomImage {
  const draws = drawsOf(seed, index, 2);
  const anatomy = drawAnatomy(draws);
  const half = heartHalfWidth(anatomy, findings, draws);
  const lesions = lesionsOf(anatomy, findings, draws);
  const bits = lesions.map(({ finding }) => 1 << phantomFindings.indexOf(finding.name));
  const large = findings.some(({ name }) => name === 'cardiomegaly') ? 1 << phantomFindings.indexOf('cardiomegaly') : 0;
  const [turn, zoom, shiftX, shiftY] = [draws.between(-0.04, 0.04), draws.between(0.97, 1.05), draws.between(-0.03, 0.03), draws.between(-0.03, 0.03)];
  const [exposure, gamma, grain] = [draws.between(0.72, 0.8), draws.between(0.94, 1.06), draws.between(0.008, 0.018)];
  const [cos, sin] = [Math.cos(turn) * zoom, Math.sin(turn) * zoom];
  const [coarse, fine] = [smoothNoise(seed, index, 9), smoothNoise(seed, index, 30)];
  const [pixels, mask] = [new Uint8Array(size * size), new Uint8Array(size * size)];
  // A linear congruential generator [Numerical Recipes]: grain needs speed, not quality.
  let grains = randomBelow(2 ** 32, seed, index, 77);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const [u, v] = [((column + 0.5) / size) * 2 - 1 - shiftX, ((row + 0.5) / size) * 2 - 1 - shiftY];
      const [x, y] = [u * cos - v * sin, u * sin + v * cos];
      const at = row * size + column;
      const texture = 0.6 * coarse(x, y) + 0.4 * fine(x, y);
      const tissue = softTissue(anatomy, x, y);
      const lung = tissue > 0 ? lungAt(anatomy, x, y) : 0;
      const heart = heartAt(half, anatomy, x, y);
      const below = ramp(-0.02, 0.04, y - diaphragm(anatomy, x)) * (Math.abs(x) < 0.9 ? 1 : 0);
      const bare = lung * (1 - heart);
      let density =
        tissue + midline(anatomy, x, y) + bones(anatomy, x, y, wall(anatomy, y)) + 0.14 * below * ramp(0, 0.2, tissue) + 0.13 * heart * (0.75 + 0.25 * lung);
      density += bare * (vessels(anatomy, x, y) - 0.36) - 0.06 * heart * lung;
      lesions.forEach((lesion, i) => {
        density += lesion.density(x, y, bare, texture);
        if (lesion.covers(x, y, bare)) mask[at]! |= bits[i]!;
      });
      if (heart > 0.5) mask[at]! |= large;
      density += 0.02 * texture * ramp(0, 0.2, tissue);
      grains = (Math.imul(grains, 1664525) + 1013904223) >>> 0;
      const noise = ((grains >>> 16) + ((grains ^ (grains << 7)) & 0xffff)) / 65536 - 1;
      const light = Math.max(0, 0.03 + exposure * density + grain * noise);
      pixels[at] = Math.min(255, Math.round(255 * Math.min(1, light) ** gamma));
    }
  }
  return { size, pixels, mask };
}
