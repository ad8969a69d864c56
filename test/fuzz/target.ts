import assert from 'node:assert/strict';

/** A parser of outside input, and what it promises for any bytes. */
export interface Target {
  readonly name: string;
  /** Good input, from which the broken is made. Read once. */
  readonly corpus: () => readonly Buffer[];
  /** What the format is made of. */
  readonly words: readonly Buffer[];
  /** Throws what is a fault. */
  readonly run: (bytes: Buffer) => void | Promise<void>;
  /** Lets go of what `run` has opened. */
  readonly close?: () => Promise<void>;
}

export const words = (...all: (string | Buffer)[]): Buffer[] => all.map((word) => Buffer.from(word as string));
export const texts = (...all: string[]): Buffer[] => all.map((text) => Buffer.from(text));

export function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

type Class = abstract new (...args: never[]) => Error;

/** The errors that a parser is said to throw; any other, as a TypeError, is a fault. */
export function throwsOnly(parse: () => unknown, ...allowed: Class[]): void {
  try {
    parse();
  } catch (error) {
    assertAllowed(error, allowed);
  }
}

export async function rejectsOnly(parse: () => Promise<unknown>, ...allowed: Class[]): Promise<void> {
  try {
    await parse();
  } catch (error) {
    assertAllowed(error, allowed);
  }
}

/** Kinds of Error that nobody throws on purpose. */
const FAULTS = [TypeError, RangeError, SyntaxError, ReferenceError, URIError, assert.AssertionError];

function assertAllowed(error: unknown, allowed: readonly Class[]): void {
  const meant = allowed.some((one) => error instanceof one) && !FAULTS.some((one) => error instanceof one);
  if (!meant) throw error;
  assert.ok((error as Error).message.length < 100_000, 'the message repeats the input');
}
