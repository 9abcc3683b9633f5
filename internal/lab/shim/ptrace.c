/*
 * Interposed between user-mode-linux and the C library.
 *
 * User-mode-linux keeps the extended registers of a process in a buffer of a fixed size and hands that size back to
 * PTRACE_SETREGSET. The host kernel accepts nothing but the full size of the processor's state, which is larger on processors
 * with AMX, so there the first process of the guest dies with EFAULT. Here the part that user-mode-linux knows is laid over
 * the full state that the first process had. What lies behind are the AMX tiles, which no process of the guest can
 * use: that takes a permission that user-mode-linux does not give. This runs at every system call and page fault of the guest.
 *
 * No header is included, so that a compiler without a development environment is enough.
 */

enum { SYS_ptrace = 101, PTRACE_GETREGSET = 0x4204, PTRACE_SETREGSET = 0x4205, NT_X86_XSTATE = 0x202 };

struct iovec {
	char *base;
	unsigned long length;
};

extern long syscall(long number, ...);
extern int *__errno_location(void);

static unsigned long state[1 << 13], full; /* full is the size of the processor's state in bytes, once it is known */

static long set_extended_registers(long pid, struct iovec *known)
{
	struct iovec all;
	char *from = known->base;
	unsigned long i;

	all.base = (char *)state;
	all.length = full ? full : sizeof state;
	if (!full) {
		if (syscall(SYS_ptrace, (long)PTRACE_GETREGSET, pid, (long)NT_X86_XSTATE, &all) < 0)
			return -1;
		full = all.length;
	}
	if (known->length < full) {
		/* The sizes are multiples of 64. */
		for (i = 0; i < known->length / sizeof *state; i++)
			state[i] = ((unsigned long *)from)[i];
		known = &all;
	}
	return syscall(SYS_ptrace, (long)PTRACE_SETREGSET, pid, (long)NT_X86_XSTATE, known);
}

long ptrace(long request, long pid, long address, void *data)
{
	long word;

	/* The upper half of a register that carries an int is undefined. */
	request = (int)request;
	pid = (int)pid;
	if (request == PTRACE_SETREGSET && address == NT_X86_XSTATE)
		return set_extended_registers(pid, data);
	/* PTRACE_PEEKTEXT, PTRACE_PEEKDATA, PTRACE_PEEKUSER: the system call stores the word, the function returns it. */
	if (request >= 1 && request <= 3) {
		if (syscall(SYS_ptrace, request, pid, address, &word) < 0)
			return -1;
		*__errno_location() = 0;
		return word;
	}
	return syscall(SYS_ptrace, request, pid, address, data);
}
