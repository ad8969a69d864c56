/** One line of /proc/<pid>/mountinfo, proc_pid_mountinfo(5). */
export interface MountPoint {
  path: string;
  fsType: string;
}

/** In the order of mounting: what hides another comes after it. Lines that are none are skipped. */
export function parseMountinfo(text: string): MountPoint[] {
  return text.split('\n').flatMap((line) => {
    const [fields = '', source = ''] = line.split(' - ');
    const path = fields.split(' ')[4];
    const fsType = source.split(' ')[0];
    return path && fsType ? [{ path: unescapeOctal(path), fsType }] : [];
  });
}

/** The kernel writes blank, tab, newline and backslash as three octal digits. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
