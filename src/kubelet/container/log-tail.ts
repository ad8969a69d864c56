/** Each line of a container log: `<RFC 3339 time> <stdout|stderr> <tags> <content>`, tags beginning with P or F. */
const LINE = /^\S+ (?:stdout|stderr) ([PF])(?::\S*)?(?: (.*))?$/s;

/**
 * The last lines of a container log without stamps, both streams mixed, at most `limitBytes` of content from the end
 * (staging cri-client pkg/logs, as used for termination messages). A partial line joins the next.
 * `whole` false: `log` begins in the middle of the file, its first line is dropped.
 */
export function logTail(log: Buffer, whole: boolean, maxLines: number, limitBytes: number): Buffer {
  const lines = log.toString('latin1').split('\n');
  if (!whole) lines.shift();
  if (lines.at(-1) === '') lines.pop();
  const content = lines
    .slice(-maxLines)
    .map((line) => LINE.exec(line))
    .map((match) => (match ? `${match[2] ?? ''}${match[1] === 'F' ? '\n' : ''}` : ''))
    .join('');
  // Latin-1 on both ways: bytes are cut, not characters.
  return Buffer.from(content, 'latin1').subarray(-limitBytes);
}
