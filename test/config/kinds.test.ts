import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostname } from '../../src/config/hostname.ts';
import {
  boolean,
  byteSize,
  duration,
  filePath,
  httpUrl,
  integer,
  ipAddress,
  ipAddresses,
  type Kind,
  nodeAddresses,
  oneOf,
  stringList,
  text,
  unixEndpoint,
  unixEndpoints,
  ValueError,
} from '../../src/config/kinds.ts';
import { evictionThresholds, httpHeaders, reservedResources } from '../../src/config/map-kinds.ts';
import { priorityPeriods } from '../../src/config/shutdown-kind.ts';

/** Kind, value of the file, what it is read as or the complaint about it. */
type Row = [Kind<unknown>, unknown, unknown];

const ROWS: Record<string, Row[]> = {
  'periods by priority': [
    [
      priorityPeriods(),
      [{ priority: 5, shutdownGracePeriodSeconds: 10 }, {}],
      [
        { priority: 5, shutdownGracePeriodSeconds: 10 },
        { priority: 0, shutdownGracePeriodSeconds: 0 },
      ],
    ],
    [priorityPeriods(), { priority: 5 }, /must be a list of `priority` and `shutdownGracePeriodSeconds`, not a map/],
    [priorityPeriods(), [5], /must be a map with/],
    [priorityPeriods(), [{ priorty: 5 }], /unknown field; known are priority and shutdownGracePeriodSeconds/],
    [priorityPeriods(), [{ priority: '5' }], /must be a whole number, not the string "5"/],
    [priorityPeriods(), [{ shutdownGracePeriodSeconds: -1 }], /must be between 0 and 2147483647, not -1/],
    [priorityPeriods(), [{ priority: 1 }, { priority: 1 }], /there is an entry for priority 1 already/],
  ],
  text: [
    [text(), 'a', 'a'],
    [text(), '', ''],
    [text(), 1, /must be a string, not the number 1; put it in quotes/],
    [text(), true, /must be a string, not the boolean true; put it in quotes/],
    [text(), ['a'], /must be a string, not a list/],
    [text(), 'a\0b', /NUL/],
  ],
  path: [
    [filePath(), '/a/../b/', '/b'],
    [filePath(), 'pods', '/base/pods'],
    [filePath(), '', /must be a path, not empty/],
    [filePath({ allowEmpty: true }), '', ''],
  ],
  'one of': [
    [oneOf('cgroupfs', 'systemd'), 'systemd', 'systemd'],
    [oneOf('cgroupfs', 'systemd'), 'Systemd', /must be cgroupfs or systemd, not "Systemd"/],
  ],
  'unix socket': [
    [unixEndpoint(), 'unix:///run/x.sock', 'unix:///run/x.sock'],
    [unixEndpoint(), '/run//x.sock', 'unix:///run/x.sock'],
    [unixEndpoint(), '', ''],
    [unixEndpoint(), 'tcp://127.0.0.1:1', /must be a unix socket such as/],
    [unixEndpoint(), 'unix://run/x.sock', /must be a unix socket such as/],
    [unixEndpoints(), '/run/x.sock', ['unix:///run/x.sock']],
    [unixEndpoints(), '', /must be a unix socket, not empty/],
  ],
  URL: [
    [httpUrl(), 'https://user:pass@host/x', 'https://user:pass@host/x'],
    [httpUrl(), '', ''],
    [httpUrl(), 'ftp://host/secret', /^must be an http:\/\/ or https:\/\/ URL$/],
    [httpUrl(), 'secret', /^must be an http:\/\/ or https:\/\/ URL$/],
  ],
  'IP address': [
    [ipAddress(), '::1', '::1'],
    [ipAddress(), '10.0.0.256', /must be an IP address, not "10.0.0.256"/],
    [ipAddress(), '', /must be an IP address, not ""/],
    [ipAddress({ allowEmpty: true }), '', ''],
    [nodeAddresses(), '', ''],
    [nodeAddresses(), '10.0.0.1', '10.0.0.1'],
    [nodeAddresses(), '2001:db8::1, 10.0.0.1', '2001:db8::1,10.0.0.1'],
    [nodeAddresses(), '10.0.0.1,10.0.0.2', /a single IP address or a dual-stack pair/],
    [nodeAddresses(), '10.0.0.1,::1,10.0.0.2', /a single IP address or a dual-stack pair/],
    [nodeAddresses(), '10.0.0.1,', /must be an IP address, not ""/],
    [nodeAddresses(), '10.0.0.1,host', /must be an IP address, not "host"/],
    [nodeAddresses(), '::', /:: is no address of a machine/],
    [ipAddresses(), ['10.0.0.1', '::1'], ['10.0.0.1', '::1']],
    [ipAddresses(), ['10.0.0.1', 'x'], /^1: must be an IP address/],
    [ipAddresses(), '10.0.0.1', /must be a list of strings, not the string "10.0.0.1"/],
  ],
  boolean: [
    [boolean(), false, false],
    [boolean(), 'false', /must be true or false, not the string "false"/],
    [boolean(), 0, /must be true or false/],
  ],
  integer: [
    [integer({ min: 0, max: 65535 }), 65535, 65535],
    [integer({ min: 0, max: 65535 }), 65536, /must be between 0 and 65535, not 65536/],
    [integer({ min: 1 }), 0, /must be at least 1, not 0/],
    [integer({ min: 1 }), 2 ** 31, /must be at most 2147483647/],
    [integer(), 1.5, /must be a whole number, not the number 1.5/],
    [integer(), '1', /must be a whole number, not the string "1"/],
    [integer(), Number.NaN, /must be a whole number/],
  ],
  duration: [
    [duration(), '1m30s', 90_000],
    [duration(), 20, /not the number 20; write it as a string with a unit/],
    [duration(), '20', /must be a duration such as 20s or 1m30s, not the string "20"/],
    [duration({ minMs: 1000, maxMs: 5000 }), '6s', /must be between 1s and 5s, not 6s/],
    [duration({ minMs: 1000, maxMs: 5000 }), '0s', /must be between 1s and 5s, not 0s/],
    [duration({ minMs: 1000, allowZero: true }), '0s', 0],
    [duration({ minMs: 1000, allowZero: true }), '10ms', /must be 0s or at least 1s, not 10ms/],
    [duration(), '-1s', /must be at least 0s, not -1s/],
  ],
  size: [
    [byteSize(), '10Mi', 10 * 2 ** 20],
    [byteSize(), '1k', 1000],
    [byteSize(), '0', /must be a size above zero/],
    [byteSize(), '-1Mi', /must be a size above zero/],
    [byteSize(), '10 MB', /must be a size above zero/],
    [byteSize(), 10, /must be a string, not the number 10/],
  ],
  'list of strings': [
    [stringList(), ['a', 'b'], ['a', 'b']],
    [stringList(), [], []],
    [stringList(), ['a', 1], /^1: must be a string/],
  ],
  'reserved resources': [
    [reservedResources(), { cpu: '200m', memory: '1Gi' }, { cpu: '200m', memory: '1Gi' }],
    [reservedResources(), {}, {}],
    [reservedResources(), { cpu: 1 }, /^cpu: must be a string, not the number 1; put it in quotes/],
    [reservedResources(), { cpu: '-1' }, /^cpu: must be a quantity of zero or more/],
    [reservedResources(), { gpu: '1' }, /^gpu: cannot be reserved; known are cpu, memory/],
    [reservedResources(), [], /must be a map of quantities, not a list/],
  ],
  'eviction thresholds': [
    [
      evictionThresholds(),
      { 'memory.available': '1Gi', 'nodefs.available': '10%' },
      { 'memory.available': '1Gi', 'nodefs.available': '10%' },
    ],
    [evictionThresholds(), {}, {}],
    [
      evictionThresholds(),
      { 'memory.free': '1' },
      /^memory\.free: is no eviction signal; known are memory\.available, /,
    ],
    [evictionThresholds(), { 'nodefs.available': '101%' }, /^nodefs\.available: must be a quantity or a percentage/],
    [evictionThresholds(), { 'nodefs.available': 10 }, /^nodefs\.available: must be a string, not the number 10/],
  ],
  'HTTP headers': [
    [httpHeaders(), { 'X-A': ['1', '2'] }, { 'X-A': ['1', '2'] }],
    [httpHeaders(), { Authorization: 'Bearer secret' }, /^Authorization: must be a list of strings$/],
    [httpHeaders(), { Authorization: [1] }, /^Authorization: must be a list of strings$/],
    [httpHeaders(), { 'bad name': ['x'] }, /"bad name" is not an HTTP header name/],
    [httpHeaders(), { A: ['secret\r\nB: c'] }, /^the value of A has characters that no HTTP header may have$/],
  ],
  hostname: [
    [hostname(), ' Node-1.Example ', 'node-1.example'],
    [hostname(), 'a_b', /must be a DNS name .* not "a_b"/],
    [hostname(), '', /must be a DNS name/],
    [hostname(), 'a'.repeat(254), /must be a DNS name/],
  ],
};

for (const [name, rows] of Object.entries(ROWS)) {
  test(`the kind ${name} reads and refuses values of a file`, () => {
    for (const [kind, value, wanted] of rows) {
      const read = () => kind.read(value, '/base');
      if (wanted instanceof RegExp) assert.match(complaint(read), wanted);
      else assert.deepEqual(read(), wanted);
    }
  });
}

/** Kind, texts of the flag, what they are read as or the complaint. */
const FLAGS: Record<string, [Kind<unknown>, string[], unknown][]> = {
  'the last of several texts counts': [
    [integer(), ['1', '2'], 2],
    [text(), ['a', 'b'], 'b'],
    [duration(), ['1s', '2s'], 2000],
    [boolean(), ['false', 'true'], true],
    [oneOf('a', 'b'), ['a', 'b'], 'b'],
    [filePath(), ['x', 'y'], '/base/y'],
  ],
  'lists are split at commas and gathered from all texts': [
    [stringList(), ['a,b', 'c', ''], ['a', 'b', 'c']],
    [ipAddresses(), ['10.0.0.1,10.0.0.2', '::1'], ['10.0.0.1', '10.0.0.2', '::1']],
    [reservedResources(), ['cpu=1,memory=1Gi'], { cpu: '1', memory: '1Gi' }],
    [unixEndpoints(), ['/a', '/b'], ['unix:///b']],
    [
      evictionThresholds(),
      ['memory.available<1Gi,nodefs.available<5%'],
      { 'memory.available': '1Gi', 'nodefs.available': '5%' },
    ],
  ],
  'headers of one name are gathered, and a comma that begins no header belongs to the value': [
    [httpHeaders(), ['A:1', 'A: 2'], { A: ['1', '2'] }],
    [httpHeaders(), ['a:hello,b:again,c:world'], { a: ['hello'], b: ['again'], c: ['world'] }],
    [httpHeaders(), ['Accept: text/yaml, application/json'], { Accept: ['text/yaml, application/json'] }],
    [httpHeaders(), ['Authorization:Basic dTpw'], { Authorization: ['Basic dTpw'] }],
  ],
  'nonsense is refused': [
    [integer(), ['1e3'], /must be a whole number, not the string "1e3"/],
    [integer(), [''], /must be a whole number/],
    [boolean(), ['yes'], /must be true or false, not "yes"/],
    [reservedResources(), ['cpu'], /must be NAME=QUANTITY, not "cpu"/],
    [evictionThresholds(), ['memory.available=1'], /must be NAME<AMOUNT, not "memory\.available=1"/],
    [httpHeaders(), ['secret'], /^must be NAME:VALUE$/],
    [httpHeaders(), [':secret'], /^must be NAME:VALUE$/],
  ],
};

for (const [name, rows] of Object.entries(FLAGS)) {
  test(`of flags: ${name}`, () => {
    for (const [kind, texts, wanted] of rows) {
      const read = () => kind.readFlag(texts, '/base');
      if (wanted instanceof RegExp) assert.match(complaint(read), wanted);
      else assert.deepEqual(read(), wanted);
    }
  });
}

/** The complaint, after the place inside the value. */
function complaint(read: () => unknown): string {
  try {
    return `no complaint, but ${JSON.stringify(read())}`;
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    return [...error.place, error.message].join(': ');
  }
}
