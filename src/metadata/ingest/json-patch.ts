/** JSON Patch (RFC 6902), with what the library leaves open closed, and messages that do not repeat the document. */
import jsonpatch, { type Operation } from 'fast-json-patch';
import { isRecord } from './record.ts';
import { Refusal } from './types.ts';

const MAX_OPERATIONS = 1000;
/** Of all that is copied, in characters of JSON: copies of copies grow fast. */
const MAX_COPIED = 4 * 1024 * 1024;
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  add: ['path', 'value'],
  remove: ['path'],
  replace: ['path', 'value'],
  move: ['path', 'from'],
  copy: ['path', 'from'],
  test: ['path', 'value'],
};

/** What the library calls its errors → what is said. */
const ERRORS: Readonly<Record<string, string>> = {
  OPERATION_PATH_UNRESOLVABLE: 'there is nothing at the path',
  OPERATION_PATH_CANNOT_ADD: 'there is nothing to add to',
  OPERATION_FROM_UNRESOLVABLE: 'there is nothing at "from"',
  OPERATION_VALUE_OUT_OF_BOUNDS: 'the list is shorter than the index; - stands for its end',
  OPERATION_PATH_ILLEGAL_ARRAY_INDEX: 'an index of a list is a number, or - for its end',
  TEST_OPERATION_FAILED: 'the test failed: the value is another one',
};

/** A patched copy. Throws Refusal that names the operation, counted from 0. */
export function applyJsonPatch(document: unknown, patch: readonly unknown[]): unknown {
  if (patch.length > MAX_OPERATIONS) throw new Refusal(`more than ${MAX_OPERATIONS} operations in a JSON Patch`);
  let current = jsonpatch.deepClone(document) as unknown;
  let copied = 0;
  for (const [index, operation] of patch.entries()) {
    const checked = check(operation, index);
    if (checked.op === 'copy') copied += sizeAt(current, checked.from);
    if (copied > MAX_COPIED) throw new Refusal(`${placeOf(index, checked)}: the copies are too large`);
    try {
      // Values are copied: a later operation must not change what an earlier one took.
      const { newDocument } = jsonpatch.applyOperation(current, jsonpatch.deepClone(checked), true, true, true);
      current = newDocument;
    } catch (error) {
      const name = error instanceof Error ? error.name : '';
      const why = Object.hasOwn(ERRORS, name) ? ERRORS[name] : 'it cannot be done here';
      throw new Refusal(`${placeOf(index, checked)}: ${why}`);
    }
  }
  return current;
}

function check(operation: unknown, index: number): Operation {
  const refuse = (message: string) => new Refusal(`patch[${index}]: ${message}`);
  if (!isRecord(operation)) throw refuse('an operation is a mapping with op and path');
  const { op, path, from } = operation;
  const fields = typeof op === 'string' && Object.hasOwn(FIELDS, op) ? FIELDS[op] : undefined;
  if (!fields) throw refuse(`op must be one of ${Object.keys(FIELDS).join(', ')}`);
  const missing = fields.find((field) => operation[field] === undefined);
  if (missing !== undefined) throw refuse(`${op} needs ${missing}`);
  for (const pointer of [path, ...(fields.includes('from') ? [from] : [])]) {
    if (typeof pointer !== 'string' || !/^(?:\/(?:[^~/]|~[01])*)*$/.test(pointer))
      throw refuse(
        `${JSON.stringify(pointer)} is no JSON Pointer: it begins with / and writes ~ as ~0 and / as ~1`.slice(0, 300),
      );
    if (/\/0\d+(?:\/|$)/.test(pointer)) throw refuse(`${JSON.stringify(pointer)}: an index has no leading zero`);
  }
  if (op === 'move' && `${path}/`.startsWith(`${from}/`) && path !== from)
    throw refuse('a value cannot be moved into itself');
  return operation as unknown as Operation;
}

/** Nothing there is for the library to complain of. */
function sizeAt(document: unknown, pointer: string): number {
  try {
    return JSON.stringify(jsonpatch.getValueByPointer(document, pointer))?.length ?? 0;
  } catch {
    return 0;
  }
}

function placeOf(index: number, { op, path }: Operation): string {
  return `patch[${index}] (${op} ${path.slice(0, 200)})`;
}
