/**
 * The program of the pause image: it does nothing for ever and lets the kernel reap orphans, which a Pod with a shared
 * process namespace needs of its first process.
 */

/*
 * x86-64, 72 bytes of code and data behind the ELF headers:
 *     rt_sigaction(SIGCHLD, {SIG_IGN, SA_NOCLDWAIT}, NULL, 8);  for (;;) pause();
 */
const x64Code = Buffer.from(
  [
    'bf11000000', // mov  edi, 17 (SIGCHLD)
    '488d351c000000', // lea  rsi, [rip + 28] (the sigaction below)
    '31d2', // xor  edx, edx
    '41ba08000000', // mov  r10d, 8 (size of the signal set)
    'b80d000000', // mov  eax, 13 (rt_sigaction)
    '0f05', // syscall
    'b822000000', // mov  eax, 34 (pause)
    '0f05', // syscall
    'ebf7', // jmp  to the mov before pause
    '90909090', // nop: align
    '0100000000000000', // handler: SIG_IGN
    '0200000000000000', // flags: SA_NOCLDWAIT
    '0000000000000000', // restorer
    '0000000000000000', // mask
  ].join(''),
  'hex',
);

const elfHeaderBytes = 64;
const programHeaderBytes = 56;
const loadAddress = 0x400000;

/** A static ELF program for x86-64. */
export function pauseProgramX64(): Buffer {
  const codeOffset = elfHeaderBytes + 2 * programHeaderBytes;
  const fileBytes = codeOffset + x64Code.length;

  const elf = Buffer.alloc(elfHeaderBytes);
  Buffer.from('7f454c46020101', 'hex').copy(elf); // magic, 64 bit, little endian, version 1
  elf.writeUInt16LE(2, 16); // executable
  elf.writeUInt16LE(62, 18); // x86-64
  elf.writeUInt32LE(1, 20);
  elf.writeBigUInt64LE(BigInt(loadAddress + codeOffset), 24); // entry
  elf.writeBigUInt64LE(BigInt(elfHeaderBytes), 32); // program headers
  elf.writeUInt16LE(elfHeaderBytes, 52);
  elf.writeUInt16LE(programHeaderBytes, 54);
  elf.writeUInt16LE(2, 56);

  const load = Buffer.alloc(programHeaderBytes);
  load.writeUInt32LE(1, 0); // PT_LOAD
  load.writeUInt32LE(5, 4); // read, execute
  load.writeBigUInt64LE(BigInt(loadAddress), 16);
  load.writeBigUInt64LE(BigInt(loadAddress), 24);
  load.writeBigUInt64LE(BigInt(fileBytes), 32);
  load.writeBigUInt64LE(BigInt(fileBytes), 40);
  load.writeBigUInt64LE(0x1000n, 48);

  const stack = Buffer.alloc(programHeaderBytes);
  stack.writeUInt32LE(0x6474e551, 0); // PT_GNU_STACK: no executable stack
  stack.writeUInt32LE(6, 4);

  return Buffer.concat([elf, load, stack, x64Code]);
}
