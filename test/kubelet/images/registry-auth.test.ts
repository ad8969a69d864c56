import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  authsFor,
  locationMatches,
  normalizeLocation,
  parseDockerConfig,
  repositoryOf,
} from '../../../src/kubelet/images/registry-auth.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const config = (auths: object) => JSON.stringify({ auths });
const users = (auths: Record<string, string>, image: string) => {
  const entries = Object.fromEntries(
    Object.entries(auths).map(([location, username]) => [location, { username, password: 'p' }]),
  );
  return authsFor(parseDockerConfig(config(entries), 'config.json'), image).map((auth) => auth.username);
};

describe('a Docker configuration', () => {
  it('has user and password in one field, the password perhaps with colons', () => {
    assert.deepEqual(parseDockerConfig(config({ 'r.example': { auth: base64('ada:se:cret\0\0') } }), 'config.json'), [
      { location: 'r.example', auth: { username: 'ada', password: 'se:cret' } },
    ]);
  });
  it('has them apart, or tokens instead', () => {
    const auths = { a: { username: 'u', password: 'p' }, b: { identitytoken: 't' }, c: { registrytoken: 'r' } };
    assert.deepEqual(
      parseDockerConfig(config(auths), 'config.json').map(({ auth }) => auth),
      [
        { username: 'u', password: 'p' },
        { username: '', password: '', identityToken: 't' },
        { username: '', password: '', registryToken: 'r' },
      ],
    );
  });
  it('of the older form has its entries on top', () => {
    assert.equal(parseDockerConfig(JSON.stringify({ 'r.example': { auth: base64('ada:x') } }), 'dockercfg').length, 1);
  });
  it('has entries without credentials where a helper keeps them: they are left out', () => {
    assert.deepEqual(
      parseDockerConfig(JSON.stringify({ auths: { a: {} }, credsStore: 'secretservice' }), 'config.json'),
      [],
    );
    assert.deepEqual(parseDockerConfig('{}', 'config.json'), []);
  });
  for (const [name, text] of [
    ['is not JSON', 'secret'],
    ['is no object', '["secret"]'],
    ['has other auths', '{"auths":["secret"]}'],
    ['has another entry', '{"auths":{"a":"secret"}}'],
    ['has an auth without colon', `{"auths":{"a":{"auth":"${base64('secret')}"}}}`],
  ] as const) {
    it(`is refused when it ${name}, without its content in the message`, () => {
      assert.throws(
        () => parseDockerConfig(text, 'config.json'),
        (error: Error) => !error.message.includes('secret') && !error.message.includes(base64('secret')),
      );
    });
  }
});

describe('the place of an image', () => {
  for (const [image, repository] of [
    ['busybox', 'docker.io/library/busybox'],
    ['busybox:1@sha256:00', 'docker.io/library/busybox'],
    ['team/app:1', 'docker.io/team/app'],
    ['docker.io/busybox', 'docker.io/library/busybox'],
    ['index.docker.io/team/app', 'docker.io/team/app'],
    ['localhost/app', 'localhost/app'],
    ['localhost:5000/app:1', 'localhost:5000/app'],
    ['r.example/a/b:1.2', 'r.example/a/b'],
  ] as const)
    it(`${image} is ${repository}`, () => assert.equal(repositoryOf(image), repository));

  for (const [location, normalized] of [
    ['https://index.docker.io/v1/', 'index.docker.io'],
    ['http://r.example:5000', 'r.example:5000'],
    ['r.example/v2/team', 'r.example/team'],
    ['r.example/v2x', 'r.example/v2x'],
    ['r.example/', 'r.example'],
  ] as const)
    it(`${location} means ${normalized}`, () => assert.equal(normalizeLocation(location), normalized));

  for (const [location, repository, matches] of [
    ['r.example', 'r.example/a', true],
    ['r.example', 'r.example:443/a', false],
    ['r.example:443', 'r.example:443/a', true],
    ['*.example', 'r.example/a', true],
    ['*.example', 'a.r.example/a', false],
    ['*.*.example', 'a.r.example/a', true],
    ['r?.example', 'r1.example/a', true],
    ['r.example', 'rxexample/a', false],
    ['r.example/team', 'r.example/team/a', true],
    ['r.example/team', 'r.example/other', false],
  ] as const)
    it(`${location} ${matches ? 'fits' : 'does not fit'} ${repository}`, () =>
      assert.equal(locationMatches(location, repository), matches));
});

describe('the credentials for an image', () => {
  it('are all that fit, the most specific place first', () => {
    const auths = {
      'r.example': 'any',
      'r.example/team': 'team',
      'r.example/team/app': 'app',
      'other.example': 'other',
    };
    assert.deepEqual(users(auths, 'r.example/team/app:1'), ['app', 'team', 'any']);
  });
  it('are those of Docker Hub for an image without a host', () => {
    assert.deepEqual(users({ 'https://index.docker.io/v1/': 'hub', 'r.example': 'other' }, 'busybox'), ['hub']);
    assert.deepEqual(users({ 'https://index.docker.io/v1/': 'hub', 'docker.io/library': 'lib' }, 'busybox'), ['lib']);
  });
  it('are none when none fits', () => assert.deepEqual(users({ 'r.example': 'x' }, 'busybox'), []));
});
