import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AGGREGATED, isTrue, negotiate, TABLE } from '../../src/http/message.ts';

const TBL = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const TBL_BETA = 'application/json;as=Table;v=v1beta1;g=meta.k8s.io';

test('a Table is given to those who ask for one, JSON to those who take JSON', () => {
  const cases: [string, string | undefined][] = [
    ['', undefined],
    ['*/*', undefined],
    ['application/json', undefined],
    ['application/json, */*;q=0.8', undefined],
    ['application/vnd.kubernetes.protobuf,application/json', undefined],
    ['application/vnd.kubernetes.protobuf, */*', undefined],
    ['application/json;stream=watch', undefined],
    [`${TBL},${TBL_BETA},application/json`, 'v1'],
    [`${TBL_BETA},application/json`, 'v1beta1'],
    ['application/json; g=meta.k8s.io ; AS=x; v=v1; as=Table', 'v1'],
    [`application/json,${TBL}`, undefined],
    [`application/json;q=0.5,${TBL}`, 'v1'],
    [`${TBL};q=0,application/json`, undefined],
    ['application/json;as=Table;v=v9;g=meta.k8s.io,application/json', undefined],
    ['application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json', undefined],
  ];
  for (const [accept, expected] of cases) assert.equal(negotiate(accept, TABLE), expected, accept);
});

test('what could not mean JSON is not acceptable', () => {
  for (const accept of [
    'text/html',
    'application/vnd.kubernetes.protobuf',
    'application/json;q=0',
    ',;',
    'application/json;as=Table;v=v9;g=x',
  ]) {
    assert.throws(() => negotiate(accept, TABLE), { code: 406, reason: 'NotAcceptable' }, accept);
  }
});

test('aggregated discovery is given in the version asked for', () => {
  const form = (version: string) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
  assert.equal(negotiate(`${form('v2')},${form('v2beta1')},application/json`, AGGREGATED), 'v2');
  assert.equal(negotiate(`${form('v2beta1')},application/json`, AGGREGATED), 'v2beta1');
  assert.equal(negotiate('application/json, */*', AGGREGATED), undefined);
});

test('a query parameter is false only when it says so', () => {
  for (const text of [null, 'false', 'False', '0']) assert.equal(isTrue(text), false);
  for (const text of ['', 'true', '1', 'x']) assert.equal(isTrue(text), true);
});
