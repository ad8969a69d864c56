import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseFieldSelector, parseLabelSelector } from '../../src/http/selectors.ts';
import { ApiError } from '../../src/http/status.ts';

const LABELS = { app: 'web', tier: 'front', empty: '', count: '5', 'example.com/x': 'y' };

test('label selectors match as Kubernetes says', () => {
  const cases: [string, boolean][] = [
    ['', true],
    ['app=web', true],
    ['app==web', true],
    ['app = web', true],
    ['app=db', false],
    ['app!=db', true],
    ['absent!=db', true],
    ['app=web,tier=front', true],
    ['app=web,tier=back', false],
    ['app in (db, web)', true],
    ['app in (db)', false],
    ['app notin (db)', true],
    ['absent notin (db)', true],
    ['absent in (db)', false],
    ['app', true],
    ['absent', false],
    ['!absent', true],
    ['!app', false],
    ['empty=', true],
    ['app=', false],
    ['empty in ()', true],
    ['empty in (a,)', true],
    ['example.com/x=y', true],
    ['count>4', true],
    ['count>5', false],
    ['count<+6', true],
    ['app>1', false],
    ['absent<1', false],
    ['toString', false],
    ['constructor!=x', true],
    ['x=in', false],
  ];
  for (const [text, expected] of cases) assert.equal(parseLabelSelector(text)(LABELS), expected, text);
});

test('a bad label selector is a bad request that tells why', () => {
  const cases: [string, RegExp][] = [
    ['a=b=c', /found '=', expected: ',' or 'end of string'/],
    ['a b', /found 'b', expected: in, notin/],
    ['a in b', /found 'b', expected: '\('/],
    ['a in (b', /found '', expected: ',' or '\)'/],
    ['a,', /identifier after ','/],
    ['=a', /found '='/],
    ['!a=b', /found '='/],
    ['-a=b', /Invalid value: "-a": name part/],
    ['a=-b', /Invalid value: "-b": a valid label/],
    ['UPPER.example/x', /Invalid value/],
    ['a>x', /must be an integer/],
    [Array(65).fill('a').join(','), /more than 64 terms/],
  ];
  for (const [text, message] of cases) {
    assert.throws(
      () => parseLabelSelector(text),
      (error) => isBadRequest(error, message),
      text,
    );
  }
});

test('field selectors match and unescape', () => {
  const fields: Record<string, string> = { 'metadata.name': 'a,b=c\\d', 'status.phase': 'Running' };
  const matches = (text: string) => parseFieldSelector(text, Object.keys(fields))((label) => fields[label] ?? '');
  const cases: [string, boolean][] = [
    ['', true],
    ['status.phase=Running', true],
    ['status.phase==Running', true],
    ['status.phase!=Running', false],
    ['status.phase!=Failed,status.phase!=Succeeded', true],
    [String.raw`metadata.name=a\,b\=c\\d`, true],
    ['metadata.name=', false],
  ];
  for (const [text, expected] of cases) assert.equal(matches(text), expected, text);
});

test('a bad field selector is a bad request that tells why', () => {
  const cases: [string, RegExp][] = [
    ['spec.secret=x', /^field label not supported: spec\.secret$/],
    ['status.phase', /can't understand 'status\.phase'/],
    [String.raw`status.phase=a\b`, /invalid field value escaping/],
    ['status.phase=a=b', /invalid field value escaping/],
    [Array(65).fill('status.phase=x').join(','), /more than 64 terms/],
  ];
  for (const [text, message] of cases) {
    assert.throws(
      () => parseFieldSelector(text, ['status.phase']),
      (error) => isBadRequest(error, message),
      text,
    );
  }
});

test('a selector parser throws nothing but a bad request', () => {
  const text = fc.oneof(
    fc.string(),
    fc
      .array(fc.constantFrom('a', 'b-', ' ', '=', '==', '!=', '!', '(', ')', ',', 'in', 'notin', '<', '>', '\\', '/'))
      .map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, (selector) => {
      for (const parse of [parseLabelSelector, (given: string) => parseFieldSelector(given, ['a', 'b'])]) {
        try {
          parse(selector);
        } catch (error) {
          assert.ok(isBadRequest(error, /./));
        }
      }
    }),
    { numRuns: 500 },
  );
});

function isBadRequest(error: unknown, message: RegExp): boolean {
  return error instanceof ApiError && error.code === 400 && message.test(error.message);
}
