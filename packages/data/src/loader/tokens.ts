// Token ids of studies, encoded on this thread or in a worker, once each.

/** What encodes texts. */
export interface Encoder {
  encode(text: string, maxLength: number): number[];
}

/** Token ids of a study's sections. */
export interface StudyTokens {
  readonly findings: Int32Array;
  readonly impression: Int32Array;
}

/** A study's sections as texts. */
export interface StudyTexts {
  readonly findings: string;
  readonly impression: string;
}

/** Max tokens of each section, special ones included. */
export interface TokenLengths {
  readonly findingsLength: number;
  readonly impressionLength: number;
}

/** Encodes a study's sections. */
export const encodeStudy = (encoder: Encoder, { findings, impression }: StudyTexts, { findingsLength, impressionLength }: TokenLengths): StudyTokens => ({
  findings: Int32Array.from(encoder.encode(findings, findingsLength)),
  impression: Int32Array.from(encoder.encode(impression, impressionLength)),
});

/** Tokens of a loader's studies by number. */
export class TokenCache {
  readonly #tokens: StudyTokens[] = [];
  readonly #encode: (study: number) => StudyTokens;

  constructor(encode: (study: number) => StudyTokens) {
    this.#encode = encode;
  }

  /** A study's tokens, where they are known. */
  get(study: number): StudyTokens | undefined {
    return this.#tokens[study];
  }

  /** Keeps what a worker encoded. */
  set(study: number, tokens: StudyTokens): void {
    this.#tokens[study] = tokens;
  }

  /** A study's tokens, encoded on this thread where they are not known. */
  encoded(study: number): StudyTokens {
    return (this.#tokens[study] ??= this.#encode(study));
  }
}
