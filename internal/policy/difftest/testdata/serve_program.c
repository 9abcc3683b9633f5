/*
 * serve_program makes one process of visudo or cvtsudoers read many policies: preloaded (LD_PRELOAD), it takes the place of the program's start,
 * calls the program's own main for each policy, and puts the state of the process back afterwards (restore.h).
 *
 * On standard input come pairs of strings, the name of a file and its content, each string a length of four bytes (little-endian) and so many
 * bytes. For each the file is written, the program runs with its own arguments and this name as the last, and the file goes away. The answer is
 * three strings: the exit status in decimal, or X if the program ended by a signal, and what it wrote to standard output and to standard error.
 */
#include "restore.h"
#include <dlfcn.h>

typedef int (*main_function)(int, char **, char **);

static main_function real_main;

struct run {
	int argc;
	char **argv, **environment;
	int status;
};

static void run_main(void *argument)
{
	struct run *r = argument;
	r->status = real_main(r->argc, r->argv, r->environment);
	fflush(NULL);
}

static void get(int from, void *to, size_t size)
{
	for (ssize_t n; size > 0; to = (char *)to + n, size -= (size_t)n)
		if ((n = read(from, to, size)) <= 0)
			give_up("questions end too early");
}

static void put(int to, const void *from, size_t size)
{
	for (ssize_t n; size > 0; from = (const char *)from + n, size -= (size_t)n)
		if ((n = write(to, from, size)) < 0)
			give_up("write");
}

static void put_string(int to, const void *from, size_t size)
{
	unsigned char length[4] = { (unsigned char)size, (unsigned char)(size >> 8), (unsigned char)(size >> 16), (unsigned char)(size >> 24) };
	put(to, length, 4);
	put(to, from, size);
}

/* get_string reads a string into a buffer; 0 at the end of all. */
static int get_string(int from, char *to, size_t room, size_t *size)
{
	unsigned char length[4];
	ssize_t n = read(from, length, 1);
	if (n == 0)
		return 0;
	if (n < 0)
		give_up("read");
	get(from, length + 1, 3);
	*size = length[0] | (size_t)length[1] << 8 | (size_t)length[2] << 16 | (size_t)length[3] << 24;
	if (*size >= room)
		give_up("a policy is too large");
	get(from, to, *size);
	to[*size] = '\0';
	return 1;
}

/* file is one in memory in the place of an output. */
static void file(int at)
{
	int fd = (int)syscall(SYS_memfd_create, "output", 0);
	if (fd < 0 || dup2(fd, at) < 0)
		give_up("memfd");
	close(fd);
}

static void put_output(int to, int fd, char *buffer, size_t room)
{
	ssize_t n = pread(fd, buffer, room, 0);
	if (n < 0 || (size_t)n == room)
		give_up("output");
	put_string(to, buffer, (size_t)n);
	if (ftruncate(fd, 0) != 0 || lseek(fd, 0, SEEK_SET) != 0)
		give_up("ftruncate");
}

enum { questions_at = 650, answers_at = 651, text_room = 64 << 20, name_room = 4096 };

static int serve(int argc, char **argv, char **environment)
{
	struct snapshot *fresh = keep(sizeof *fresh);
	struct run *run = keep(sizeof *run);
	char *name = keep(name_room), *text = keep(text_room), status[16];
	size_t length, size;
	if (dup2(0, questions_at) < 0 || dup2(1, answers_at) < 0)
		give_up("dup2");
	int nothing = open("/dev/null", O_RDONLY);
	if (nothing < 0 || dup2(nothing, 0) < 0)
		give_up("/dev/null");
	close(nothing);
	run->argc = argc + 1;
	run->argv = keep(((size_t)argc + 2) * sizeof *run->argv);
	memcpy(run->argv, argv, (size_t)argc * sizeof *argv);
	run->argv[argc] = name;
	run->environment = environment;
	complaints = fcntl(2, F_DUPFD, answers_at + 1);
	file(1);
	file(2);
	keep_state();
	take(fresh);
	while (get_string(questions_at, name, name_room, &size) && get_string(questions_at, text, text_room, &length)) {
		int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0440);
		if (fd < 0)
			give_up(name);
		put(fd, text, length);
		close(fd);
		int how = run_kept(run_main, run);
		put_back(fresh);
		if (how == ended_by_signal)
			strcpy(status, "X");
		else
			snprintf(status, sizeof status, "%d", how == ended_by_exit ? *exit_status : run->status);
		put_string(answers_at, status, strlen(status));
		put_output(answers_at, 1, text, text_room);
		put_output(answers_at, 2, text, text_room);
		unlink(name);
	}
	syscall(SYS_exit_group, 0);
	return 0;
}

/* exit of the program ends its reading of one policy. */
void exit(int status)
{
	leave(status);
	fflush(NULL);
	syscall(SYS_exit_group, status);
	__builtin_unreachable();
}

void _exit(int status)
{
	exit(status);
}

/* The start of every program. */
int __libc_start_main(main_function function, int argc, char **argv, void (*init)(void), void (*fini)(void), void (*loader_fini)(void), void *stack_end)
{
	int (*start)(main_function, int, char **, void (*)(void), void (*)(void), void (*)(void), void *);
	*(void **)&start = dlsym(RTLD_NEXT, "__libc_start_main");
	real_main = function;
	return start(serve, argc, argv, init, fini, loader_fini, stack_end);
}
