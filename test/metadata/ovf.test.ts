import assert from 'node:assert/strict';
import { test } from 'node:test';
import { azureCustomData, ovfProperties } from '../../src/metadata/ovf.ts';

test('properties are read whatever prefix, order and quotes they have, and what is commented out is not', () => {
  const xml = `<E><x:Property ovf:value="a &lt;b&gt; &#65;&#x42; &unknown;" ovf:key="one"/><Property key='two' value='it"s'></Property>
    <!-- <Property key="three" value="no"/> --><Property key="four"/><NotProperty key="five" value="no"/></E>`;
  assert.deepEqual(Object.fromEntries(ovfProperties(xml)), { one: 'a <b> AB &unknown;', two: 'it"s' });
});

test('text that is no XML has no properties, and a long one ends', () => {
  for (const text of ['', '<Property', '<Property key="a" value="b"', `<Property ${'a="'.repeat(100_000)}`])
    assert.equal(ovfProperties(text).size, 0);
});

test("only Azure's environment has custom data", () => {
  const xml = (namespace: string) => `<E xmlns:wa="${namespace}"><CustomData>eA==</CustomData></E>`;
  assert.equal(Buffer.from(azureCustomData(xml('http://schemas.microsoft.com/windowsazure')) ?? []).toString(), 'x');
  assert.equal(azureCustomData(xml('urn:other')), undefined);
  assert.equal(azureCustomData('<E xmlns="http://schemas.microsoft.com/windowsazure"><CustomData/></E>'), undefined);
});
