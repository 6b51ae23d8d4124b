import { contrastToNoise, pointingGame } from '@hybridmed/eval/protocols';
import { describe, expect, test } from 'vitest';

describe('the pointing game', () => {
  test('is 1 where the greatest value is inside, else 0', () => {
    expect(pointingGame([0, 3, 1, 2], [0, 1, 0, 0])).toBe(1);
    expect(pointingGame([0, 3, 1, 2], [1, 0, 1, 1])).toBe(0);
  });
  test('a flat map scores what chance gives', () => {
    expect(pointingGame([1, 1, 1, 1], [1, 0, 0, 0])).toBe(0.25);
    expect(pointingGame([1, 1, 0, 0], [1, 0, 0, 0])).toBe(0.5);
  });
  test('places that were not seen do not count', () => {
    expect(pointingGame([NaN, 3, 1], [1, 0, 1])).toBe(0);
    expect(pointingGame([NaN, 3, 1], [1, 0, 0])).toBeNaN();
  });
  test('sizes that differ are refused', () => {
    expect(() => pointingGame([1, 2], [1])).toThrow('2 values of the map but 1 of the mask');
  });
});

describe('contrast to noise', () => {
  test('a worked case', () => {
    // Inside 4 and 6 (mean 5, variance 1), outside 0 and 2 (mean 1, variance 1).
    expect(contrastToNoise([4, 6, 0, 2], [1, 1, 0, 0])).toBeCloseTo(4 / Math.sqrt(2));
    expect(contrastToNoise([0, 2, 4, 6], [1, 1, 0, 0])).toBeCloseTo(-4 / Math.sqrt(2));
  });
  test('edges: flat maps, empty masks, places not seen', () => {
    expect(contrastToNoise([1, 1, 1], [1, 0, 0])).toBe(0);
    expect(contrastToNoise([1, 2], [0, 0])).toBeNaN();
    expect(contrastToNoise([4, 6, 0, 2, NaN], [1, 1, 0, 0, 1])).toBeCloseTo(4 / Math.sqrt(2));
  });
});
