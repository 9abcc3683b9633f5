/*
 * plugin_driver asks the sudoers plug-in of a distribution for decisions, through
 * the public plug-in interface of sudo_plugin(5): each group of questions costs one reading of the
 * policy, and no question a process, where sudo -l costs a process and a reading for every one. The plug-in keeps the
 * target user of one answer for the next, so the state of the process is put back after each (restore.h).
 *
 * Usage: plugin_driver sudoers.so policy-file < questions > answers
 *
 * A question file is a list of groups. A group is a list of strings, each a
 * length of four bytes (little-endian) and so many bytes:
 *
 *   policy text, user to ask about, invoking user, uid, gid, group ids
 *   separated by commas, host name,
 *   network addresses, run-as user, run-as group, number of command lines
 *   (decimal), then per command line the number of words and the words.
 *
 * An empty run-as user or group is not given; an empty user to ask about means
 * that the invoking user is about to run the command. If the first command line is one of
 * sudoedit, all of the group are: sudo knows before it reads the policy. The answer to a group is one line
 * with one character per command line: 1 allowed, 0 not allowed, E error, X the
 * plug-in crashed. The first question of each group is asked once more behind the last: another answer ends the program,
 * because it shows that the state was not put back.
 */
#include "restore.h"
#include <dlfcn.h>
#include <netdb.h>
#include <pwd.h>
#include <stdarg.h>
#include <time.h>

/* The part of struct policy_plugin that is used, from sudo_plugin(5). */
struct policy_plugin {
	unsigned int type;
	unsigned int version;
	int (*open)(unsigned int version, void *conversation, void *print, char *const settings[], char *const user_info[],
	    char *const user_env[], char *const plugin_options[], const char **errstr);
	void (*close)(int exit_status, int error);
	int (*show_version)(int verbose);
	int (*check_policy)(int argc, char *const argv[], char *env_add[], char **command_info[], char **argv_out[],
	    char **user_env_out[], const char **errstr);
	int (*list)(int argc, char *const argv[], int verbose, const char *user, const char **errstr);
};

#define API_VERSION ((1U << 16) | 15U)

static int conversation(int n, const void *messages, void *replies, void *callback)
{
	(void)n, (void)messages, (void)replies, (void)callback;
	return -1;
}

static int verbose;

static int print(int type, const char *format, ...)
{
	(void)type;
	if (verbose) {
		va_list ap;
		va_start(ap, format);
		vfprintf(stderr, format, ap);
		va_end(ap);
	}
	return 1;
}

/* The questions, in memory that is not put back. */
struct input {
	size_t size, at;
	unsigned char bytes[];
};
static struct input *input;

/* arena holds the strings of one group. */
struct arena {
	size_t used;
	char bytes[64 << 20];
};
static struct arena *arena;

static void *room(size_t size)
{
	if (arena->used + size > sizeof arena->bytes)
		give_up("a group of questions is too large");
	void *p = arena->bytes + arena->used;
	arena->used += (size + 15) & ~(size_t)15;
	memset(p, 0, size);
	return p;
}

static void read_all(void)
{
	size_t size = 1 << 20;
	input = keep(size);
	for (;;) {
		ssize_t n = read(0, input->bytes + input->size, size - sizeof *input - input->size);
		if (n < 0)
			give_up("read");
		if (n == 0)
			return;
		input->size += (size_t)n;
		if (input->size == size - sizeof *input) {
			struct input *larger = keep(2 * size); /* shared memory does not grow */
			memcpy(larger, input, size);
			munmap(input, size);
			input = larger;
			size *= 2;
		}
	}
}

static char *next_string(size_t *length)
{
	if (input->size - input->at < 4) {
		fputs("questions end too early\n", stderr);
		exit(2);
	}
	const unsigned char *b = input->bytes + input->at;
	size_t n = b[0] | (size_t)b[1] << 8 | (size_t)b[2] << 16 | (size_t)b[3] << 24;
	input->at += 4;
	if (input->size - input->at < n) {
		fputs("questions end too early\n", stderr);
		exit(2);
	}
	char *s = room(n + 1);
	memcpy(s, input->bytes + input->at, n);
	input->at += n;
	if (length != NULL)
		*length = n;
	return s;
}

static int number(const char *s)
{
	int n = 0;
	for (; *s >= '0' && *s <= '9'; s++)
		n = n * 10 + (*s - '0');
	return n;
}

static char *setting(const char *name, const char *value)
{
	char *s = room(strlen(name) + strlen(value) + 2);
	return strcat(strcat(strcpy(s, name), "="), value);
}

static void write_policy(const char *path, const char *text, size_t length)
{
	unlink(path);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0440);
	if (fd < 0 || fchmod(fd, 0440) != 0)
		give_up(path);
	while (length > 0) {
		ssize_t n = write(fd, text, length);
		if (n < 0)
			give_up(path);
		text += n;
		length -= (size_t)n;
	}
	close(fd);
}

struct questions {
	const char *policy_path;
	struct policy_plugin *plugin;
	char *text;
	size_t length;
	char *listed, *invoker, *uid, *gid, *groups, *host, *addresses, *runas_user, *runas_group;
	int count;
	int *argc;
	char ***argv;
	int opened;
	int asked; /* the line that is asked about */
	char answer;
	char *settings[16], *info[24], *options[2], *environment[2];
	const char *why;
};

/* open_policy has the plug-in read the policy. */
static void open_policy(void *argument)
{
	struct questions *q = argument;
	int n = 0;
	q->settings[n++] = "progname=sudo";
	q->settings[n++] = "plugin_dir=/usr/libexec/sudo/";
	q->settings[n++] = "plugin_path=/usr/libexec/sudo/sudoers.so";
	q->settings[n++] = "noninteractive=true";
	q->settings[n++] = setting("network_addrs", q->addresses);
	if (q->count > 0 && q->argc[0] > 0 && strcmp(q->argv[0][0], "sudoedit") == 0)
		q->settings[n++] = "sudoedit=true";
	if (*q->runas_user != '\0')
		q->settings[n++] = setting("runas_user", q->runas_user);
	if (*q->runas_group != '\0')
		q->settings[n++] = setting("runas_group", q->runas_group);
	n = 0;
	q->info[n++] = setting("user", q->invoker);
	q->info[n++] = setting("uid", q->uid);
	q->info[n++] = setting("euid", "0");
	q->info[n++] = setting("gid", q->gid);
	q->info[n++] = setting("egid", "0");
	q->info[n++] = setting("groups", q->groups);
	q->info[n++] = setting("host", q->host);
	q->info[n++] = "cwd=/";
	q->info[n++] = "pid=1000";
	q->info[n++] = "ppid=999";
	q->info[n++] = "sid=999";
	q->info[n++] = "pgid=1000";
	q->info[n++] = "tcpgid=1000";
	q->info[n++] = "lines=24";
	q->info[n++] = "cols=80";
	q->info[n++] = "umask=022";
	q->options[0] = setting("sudoers_file", q->policy_path);
	q->environment[0] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	q->opened = q->plugin->open(API_VERSION, (void *)conversation, (void *)print, q->settings, q->info, q->environment, q->options, &q->why);
}

static void ask_line(void *argument)
{
	struct questions *q = argument;
	char **command_info, **argv_out, **user_env_out;
	int i = q->asked;
	int ok = *q->listed != '\0' ? q->plugin->list(q->argc[i], q->argv[i], 0, q->listed, &q->why)
	    : q->plugin->check_policy(q->argc[i], q->argv[i], NULL, &command_info, &argv_out, &user_env_out, &q->why);
	q->answer = ok == 1 ? '1' : ok == 0 ? '0' : 'E';
}

static char answer_line(struct questions *q, int line)
{
	q->asked = line;
	switch (run_kept(ask_line, q)) {
	case ended_normally:
		return q->answer;
	case ended_by_signal:
		return 'X';
	}
	return 'E';
}

/* answer writes one line of answers. */
static void answer(struct questions *q, struct snapshot *fresh, struct snapshot *opened)
{
	char *line = room((size_t)q->count + 1);
	write_policy(q->policy_path, q->text, q->length);
	int how = run_kept(open_policy, q);
	if (how == ended_normally && q->opened == 1) {
		take(opened);
		for (int i = 0; i < q->count; i++) {
			line[i] = answer_line(q, i);
			put_back(opened);
		}
		if (q->count > 0 && answer_line(q, 0) != line[0])
			give_up("the same question had two answers");
		put_back(opened);
		forget(opened);
	} else {
		memset(line, how == ended_by_signal ? 'X' : 'E', (size_t)q->count);
	}
	put_back(fresh);
	line[q->count] = '\n';
	for (ssize_t n, left = q->count + 1; left > 0; line += n, left -= n)
		if ((n = write(1, line, (size_t)left)) < 0)
			give_up("write");
}

/* load what questions need once, for all: modules of PAM and of the name services. */
static void load(const char *plugin)
{
	if (dlopen(plugin, RTLD_NOW) == NULL) {
		fprintf(stderr, "%s\n", dlerror());
		exit(2);
	}
	dlopen("/lib/x86_64-linux-gnu/security/pam_permit.so", RTLD_NOW);
	gid_t groups[64];
	int count = 64;
	time_t now = 0;
	getpwnam("root");
	getpwuid(0);
	getgrnam("root");
	getgrgid(0);
	getgrouplist("root", 0, groups, &count);
	innetgr("none", "none", "none", "none");
	localtime(&now);
}

int main(int argc, char *argv[])
{
	if (argc < 3) {
		fputs("usage: plugin_driver sudoers.so policy-file < questions\n", stderr);
		return 2;
	}
	verbose = getenv("PLUGIN_DRIVER_VERBOSE") != NULL;
	load(argv[1]);
	read_all();
	arena = keep(sizeof *arena);
	struct questions *q = keep(sizeof *q);
	struct snapshot *fresh = keep(sizeof *fresh), *opened = keep(sizeof *opened);
	struct policy_plugin *plugin = dlsym(dlopen(argv[1], RTLD_NOW), "sudoers_policy");
	if (plugin == NULL) {
		fprintf(stderr, "%s\n", dlerror());
		return 2;
	}
	keep_state();
	take(fresh);
	while (input->at < input->size) {
		arena->used = 0;
		memset(q, 0, sizeof *q);
		q->plugin = plugin;
		q->policy_path = argv[2];
		q->text = next_string(&q->length);
		q->listed = next_string(NULL);
		q->invoker = next_string(NULL);
		q->uid = next_string(NULL);
		q->gid = next_string(NULL);
		q->groups = next_string(NULL);
		q->host = next_string(NULL);
		q->addresses = next_string(NULL);
		q->runas_user = next_string(NULL);
		q->runas_group = next_string(NULL);
		q->count = number(next_string(NULL));
		q->argc = room(((size_t)q->count + 1) * sizeof *q->argc);
		q->argv = room(((size_t)q->count + 1) * sizeof *q->argv);
		for (int i = 0; i < q->count; i++) {
			q->argc[i] = number(next_string(NULL));
			q->argv[i] = room(((size_t)q->argc[i] + 1) * sizeof **q->argv);
			for (int j = 0; j < q->argc[i]; j++)
				q->argv[i][j] = next_string(NULL);
		}
		answer(q, fresh, opened);
	}
	return 0;
}

/* A plug-in that wants to end the process ends its answer. */
void exit(int status)
{
	leave(status);
	fflush(NULL);
	syscall(SYS_exit_group, status);
	__builtin_unreachable();
}
