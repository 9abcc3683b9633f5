/*
 * Puts a process back into an earlier state without forking. A fork, and the page faults and loading of libraries behind it, take most of the
 * time of a short question to sudo. Here the question runs on a stack of its own, in the process that has everything loaded; afterwards all
 * private memory that can be written gets the content it had before, with open files, root directory, ids, limits and mask.
 *
 * What outlives a question is in shared memory (keep), which is not put back. A question that ends the process (exit) or falls over (SIGSEGV,
 * SIGABRT and the like) ends here only itself.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <malloc.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

enum { most_regions = 512, most_files = 32, saved_files = 600, task_stack = 8 << 20, maps_room = 1 << 18, heap_ahead = 8 << 20 };

struct region {
	uintptr_t start, end; /* of the mapping */
	size_t size;          /* of what is copied, 0 for what is never written */
	char *copy;
};

struct snapshot {
	struct region regions[most_regions];
	int count;
	uintptr_t heap_end;
	char *store;
	size_t store_size;
	int files; /* descriptors 0 to files-1 are open */
	int saved[most_files];
	off_t offsets[most_files];
};

/* State of this file; in shared memory. */
struct keeper {
	char maps[maps_room];
	sigjmp_buf back;
	ucontext_t control, task;
	char *stack;
	void (*run)(void *);
	void *argument;
	volatile int running;
	pid_t pid;
	int root, directory;
	int group_count;
	gid_t groups[64];
	mode_t mask;
	struct rlimit processes;
	int next_saved;
};
static struct keeper *keeper;

enum { ended_normally = 0, ended_by_exit = 1, ended_by_signal = 2 };

/* How the last question ended by exit, if it did. */
static int *exit_status;

/* Where complaints go: a question may have another standard error. */
static int complaints = 2;

static void give_up(const char *what)
{
	dprintf(complaints, "%s: %s\n", what, strerror(errno));
	syscall(SYS_exit_group, 2);
}

/* keep is memory that is not put back. */
static void *keep(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		give_up("mmap");
	return p;
}

static void end_by_signal(int number)
{
	if (keeper->running && getpid() == keeper->pid)
		siglongjmp(keeper->back, ended_by_signal);
	signal(number, SIG_DFL);
	raise(number);
}

/* leave is what exit does while a question runs. */
static void leave(int status)
{
	if (keeper == NULL || !keeper->running || getpid() != keeper->pid)
		return;
	fflush(NULL);
	*exit_status = status;
	siglongjmp(keeper->back, ended_by_exit);
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = end_by_signal, .sa_flags = SA_ONSTACK | SA_NODEFER };
	const int numbers[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGPROF };
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		sigaction(numbers[i], &action, NULL);
}

static int kept_directory(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), kept = fcntl(fd, F_DUPFD_CLOEXEC, saved_files - 2);
	if (kept < 0)
		give_up(path);
	close(fd);
	return kept;
}

/* keep_state begins: what is loaded and allocated from here on goes away again. */
static void keep_state(void)
{
	keeper = keep(sizeof *keeper);
	exit_status = keep(sizeof *exit_status);
	keeper->stack = keep(task_stack);
	keeper->pid = getpid();
	keeper->root = kept_directory("/");
	keeper->directory = kept_directory(".");
	keeper->next_saved = saved_files;
	keeper->group_count = getgroups(64, keeper->groups);
	keeper->mask = umask(022);
	umask(keeper->mask);
	getrlimit(RLIMIT_NPROC, &keeper->processes);
	stack_t stack = { .ss_sp = keep(1 << 16), .ss_size = 1 << 16 };
	sigaltstack(&stack, NULL);
	catch_signals();
	/* The heap never shrinks, and has room ahead: no question grows it. */
	mallopt(M_MMAP_THRESHOLD, 32 << 20);
	mallopt(M_TRIM_THRESHOLD, 1 << 30);
	free(malloc(heap_ahead));
}

static void enter(void)
{
	keeper->run(keeper->argument);
}

/* run_kept runs a function on the other stack and tells how it ended. */
static int run_kept(void (*function)(void *), void *argument)
{
	struct itimerval limit = { .it_value = { .tv_sec = 60 } }, none = { 0 };
	int how = sigsetjmp(keeper->back, 1);
	if (how == 0) {
		keeper->run = function;
		keeper->argument = argument;
		getcontext(&keeper->task);
		keeper->task.uc_stack.ss_sp = keeper->stack;
		keeper->task.uc_stack.ss_size = task_stack;
		keeper->task.uc_link = &keeper->control;
		makecontext(&keeper->task, enter, 0);
		setitimer(ITIMER_PROF, &limit, NULL); /* of its own time on the processor, not on the clock */
		keeper->running = 1;
		swapcontext(&keeper->control, &keeper->task);
		how = ended_normally;
	}
	keeper->running = 0;
	setitimer(ITIMER_PROF, &none, NULL);
	return how;
}

/* address reads a hexadecimal number. (strtoul is another function where the C library is newer than that of Debian 12.) */
static uintptr_t address(char **at)
{
	uintptr_t n = 0;
	for (; (**at >= '0' && **at <= '9') || (**at >= 'a' && **at <= 'f'); (*at)++)
		n = n * 16 + (uintptr_t)(**at <= '9' ? **at - '0' : **at - 'a' + 10);
	return n;
}

/* mappings calls a function with each private mapping: its place, whether it can be written, its name. */
static void mappings(void (*function)(void *, uintptr_t, uintptr_t, int writable, const char *name), void *argument)
{
	static const char path[] = "/proc/self/maps";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t size = 0;
	ssize_t n;
	if (fd < 0)
		give_up(path);
	while ((n = read(fd, keeper->maps + size, maps_room - 1 - size)) > 0)
		size += (size_t)n;
	close(fd);
	keeper->maps[size] = '\0';
	for (char *line = keeper->maps; *line != '\0';) {
		char *end = strchr(line, '\n'), *at;
		if (end == NULL)
			break;
		*end = '\0';
		at = line;
		uintptr_t from = address(&at);
		at++;
		uintptr_t to = address(&at);
		const char *name = strrchr(at, ' ');
		if (at[4] == 'p')
			function(argument, from, to, at[2] == 'w', name == NULL ? "" : name + 1);
		line = end + 1;
	}
}

static void note_mapping(void *argument, uintptr_t from, uintptr_t to, int writable, const char *name)
{
	struct snapshot *s = argument;
	if (s->count == most_regions)
		give_up("too many mappings");
	struct region *r = &s->regions[s->count++];
	r->start = from;
	r->end = to;
	r->size = writable && strcmp(name, "[stack]") != 0 ? to - from : 0;
	if (strcmp(name, "[heap]") == 0) {
		/* What a large block would get is behind everything in use. */
		char *p = malloc(heap_ahead / 2);
		if ((uintptr_t)p > from && (uintptr_t)p < to)
			r->size = (uintptr_t)p + 64 - from;
		free(p);
	}
}

/* take makes a snapshot. */
static void take(struct snapshot *s)
{
	s->count = 0;
	mappings(note_mapping, s);
	size_t total = 0;
	for (int i = 0; i < s->count; i++)
		total += s->regions[i].size;
	if (total > s->store_size) {
		if (s->store != NULL)
			munmap(s->store, s->store_size);
		s->store_size = 2 * total;
		s->store = keep(s->store_size);
	}
	s->heap_end = (uintptr_t)syscall(SYS_brk, 0);
	char *at = s->store;
	for (int i = 0; i < s->count; i++) {
		struct region *r = &s->regions[i];
		r->copy = at;
		memcpy(at, (const void *)r->start, r->size);
		at += r->size;
	}
	s->files = fcntl(0, F_DUPFD_CLOEXEC, 3);
	close(s->files);
	for (int fd = 3; fd < s->files && fd < most_files; fd++) {
		s->saved[fd] = fcntl(fd, F_DUPFD_CLOEXEC, keeper->next_saved);
		s->offsets[fd] = lseek(fd, 0, SEEK_CUR);
	}
}

/* forget closes what a snapshot kept open. */
__attribute__((unused)) static void forget(struct snapshot *s)
{
	for (int fd = 3; fd < s->files && fd < most_files; fd++)
		close(s->saved[fd]);
	s->files = 3;
}

static void drop_mapping(void *argument, uintptr_t from, uintptr_t to, int writable, const char *name)
{
	struct snapshot *s = argument;
	(void)writable;
	if (name[0] == '[')
		return;
	for (int i = 0; i < s->count; i++)
		if (from < s->regions[i].end && s->regions[i].start < to)
			return;
	munmap((void *)from, to - from);
}

/* put_back restores a snapshot. */
static void put_back(struct snapshot *s)
{
	if (setresuid(0, 0, 0) != 0 || setresgid(0, 0, 0) != 0 || setgroups((size_t)keeper->group_count, keeper->groups) != 0)
		give_up("ids");
	if (fchdir(keeper->root) != 0 || chroot(".") != 0 || fchdir(keeper->directory) != 0)
		give_up("root directory");
	umask(keeper->mask);
	setrlimit(RLIMIT_NPROC, &keeper->processes);
	if (syscall(SYS_close_range, s->files, saved_files - 3, 0) != 0)
		give_up("close_range");
	for (int fd = 3; fd < s->files && fd < most_files; fd++) {
		dup3(s->saved[fd], fd, O_CLOEXEC);
		lseek(fd, s->offsets[fd], SEEK_SET);
	}
	syscall(SYS_brk, s->heap_end);
	for (int i = 0; i < s->count; i++)
		memcpy((void *)s->regions[i].start, s->regions[i].copy, s->regions[i].size);
	mappings(drop_mapping, s);
	catch_signals();
}
